/** Which code ran, told by V8: what makes an input worth keeping. */
import { Session, type Profiler } from 'node:inspector/promises';

/** Counts the places that were reached for the first time. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();
  readonly #folder: string;

  /** Only files below `folder` count. */
  constructor(folder: string) {
    this.#folder = new URL(`file://${folder}/`).href;
  }

  /** Places that were reached so far. */
  get size(): number {
    return this.#seen.size;
  }

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The places that ran since the last call and never before; they are known from now on if `learn` is set. */
  async news(learn: boolean): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const scripts = result.filter(({ url }) => url.startsWith(this.#folder));
    const fresh = scripts.flatMap(placesOf).filter((place) => !this.#seen.has(place));
    if (learn) for (const place of fresh) this.#seen.add(place);
    return fresh.length;
  }

  stop(): void {
    this.#session.disconnect();
  }
}

function placesOf({ scriptId, functions }: Profiler.ScriptCoverage): readonly string[] {
  return (
    functions
      .flatMap(({ ranges }) => ranges)
      .filter(({ count }) => count > 0)
      // How often, in powers of two: a loop that runs longer than ever is new, too.
      .map(
        ({ startOffset, endOffset, count }) =>
          `${scriptId}:${startOffset}-${endOffset}:${31 - Math.clz32(count)}`,
      )
  );
}
