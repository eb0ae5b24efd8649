/**
 * Runs definitions so that what they give depends on them alone: who looks at the clock, chance, the environment, the
 * network, the machine or files of others ends with an error. It finds mistakes and is no prison: see DESIGN.md.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

import { askerOf, refusedPath, type Phase } from './pure-asker.ts';
import type { Refusal } from './pure-refusals.ts';
import type { How, Rule } from './pure-rules.ts';
import { watch } from './pure-watch.ts';

/** What a definition must not look at or do. Thrown inside of it. */
export class ImpureError extends Error {
  /** The way out. */
  readonly hint: string;

  constructor({ does, hint }: Refusal, place: string) {
    super(`it ${does} at ${place}`);
    this.name = 'ImpureError';
    this.hint = hint;
  }
}

/** Set while a definition runs, also in what it awaits. What else this process does meanwhile is not hindered. */
const phase = new AsyncLocalStorage<Phase>();

/** Calls `definition`. Throws {@link ImpureError} when it looks at more than its arguments. */
export function purely<T>(definition: () => T): T {
  const leave = enter();
  try {
    return phase.run('called', definition);
  } finally {
    leave();
  }
}

/** Imports the module `address`, whose code and whose imports' code is held to the same. */
export async function importPurely(address: string): Promise<unknown> {
  const leave = enter();
  try {
    return (await phase.run('loaded', () => import(address))) as unknown;
  } finally {
    leave();
  }
}

/** Keeps the watches in place from one definition to the next, which saves putting them there for each. */
export async function watching<T>(work: () => Promise<T>): Promise<T> {
  const leave = enter();
  try {
    return await work();
  } finally {
    leave();
  }
}

let users = 0;
let takeAway = (): void => {};

function enter(): () => void {
  if (users === 0) takeAway = watch(refuse);
  users += 1;
  return () => {
    users -= 1;
    if (users === 0) takeAway();
  };
}

function refuse(rules: readonly Rule[], args: readonly unknown[], how: How): void {
  const now = phase.getStore();
  if (now === undefined) return;
  for (const rule of rules) {
    const refusal = typeof rule === 'function' ? rule(args, how) : rule;
    if (refusal === undefined) continue;
    const asker = askerOf(now, refusal === 'a path' ? undefined : refusal);
    if (asker === undefined) return;
    const found = refusal === 'a path' ? refusedPath(args[0], asker.file) : refusal;
    if (found !== undefined) throw new ImpureError(found, asker.place);
  }
}
