/** Runs a definition's code without clock, chance, environment and network: what it gives depends on the definition alone. */

/** What a definition must not look at. Thrown inside of it. */
export class ImpureError extends Error {
  readonly what: string;

  constructor(what: string) {
    super(`it reads ${what}`);
    this.what = what;
  }
}

function forbidden(what: string): () => never {
  return () => {
    throw new ImpureError(what);
  };
}

/** Dates that are given are no look at the clock. */
const noClock = new Proxy(Date, {
  construct(target, args: readonly unknown[]) {
    if (args.length === 0) throw new ImpureError('the clock');
    return Reflect.construct(target, args);
  },
  apply: forbidden('the clock'),
  get(target, name): unknown {
    return name === 'now' ? forbidden('the clock') : Reflect.get(target, name);
  },
});

const noEnvironment = new Proxy<NodeJS.ProcessEnv>(
  {},
  {
    get: forbidden('the environment'),
    has: forbidden('the environment'),
    ownKeys: forbidden('the environment'),
    getOwnPropertyDescriptor: forbidden('the environment'),
  },
);

/** Calls `definition`, which has to be synchronous. Throws {@link ImpureError} when it looks at more than its arguments. */
export function purely<T>(definition: () => T): T {
  const { Date: clock, fetch } = globalThis;
  const { random } = Math;
  const { env } = process;
  try {
    globalThis.Date = noClock;
    globalThis.fetch = forbidden('the network');
    Math.random = forbidden('chance');
    process.env = noEnvironment;
    return definition();
  } finally {
    globalThis.Date = clock;
    globalThis.fetch = fetch;
    Math.random = random;
    process.env = env;
  }
}
