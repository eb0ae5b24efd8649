/** Takes the power away at the planned moment of a cycle: told by its phases, and by the clock or by the disk. */
import { watch, type FSWatcher } from 'node:fs';

import type { Phase } from './phases.ts';
import type { Cut } from './plan.ts';

/** Until a phase was seen to its end. */
const GUESS_MS = 4000;

/** Milliseconds that each phase took when it was last seen to its end. */
export type PhaseLengths = Map<Phase, number>;

/** Goes off once. */
export class PowerSwitch implements Disposable {
  /** Resolves when the power goes. */
  readonly off: Promise<void>;
  readonly #goOff: () => void;
  readonly #cut: Cut;
  readonly #lengths: PhaseLengths;
  readonly #writeLog: string;
  #phase: Phase | undefined;
  #entered = Date.now();
  #timesEntered = 0;
  #timer: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;

  /** `writeLog` grows with each request to the disk, from the first phase on. */
  constructor(cut: Cut, lengths: PhaseLengths, writeLog: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.off = promise;
    this.#goOff = resolve;
    this.#cut = cut;
    this.#lengths = lengths;
    this.#writeLog = writeLog;
  }

  /** The phase that was entered last. */
  get phase(): Phase {
    if (this.#phase === undefined) throw new Error('no phase was entered');
    return this.#phase;
  }

  /** Whether the moment of the cut is fixed. */
  get isArmed(): boolean {
    return this.#timer !== undefined;
  }

  enter(phase: Phase): void {
    const now = Date.now();
    if (this.#phase !== undefined) this.#lengths.set(this.#phase, now - this.#entered);
    this.#phase = phase;
    this.#entered = now;
    if (phase !== this.#cut.phase) return;
    this.#timesEntered += 1;
    if (this.#timesEntered !== this.#cut.skip + 1) return;
    if ('share' in this.#cut) {
      const length = this.#lengths.get(phase) ?? GUESS_MS;
      this.#timer = setTimeout(this.#goOff, this.#cut.share * length);
    } else {
      this.#afterRequests(this.#cut.requests);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #afterRequests(count: number): void {
    // A change of the log is a request, or a part of one.
    let left = count;
    this.#watcher = watch(this.#writeLog, () => {
      left -= 1;
      if (left <= 0) this.#goOff();
    });
  }
}
