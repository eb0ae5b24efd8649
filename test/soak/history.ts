/** What is known of a soaked device: what is on its disk, and which releases may boot by Law 1. */
import type { Decision } from '../boot/guest.ts';
import { BrickedError } from './bricked-error.ts';
import type { DiskAfterCut } from './cut-power.ts';
import type { CycleResult } from './cycle.ts';

export class History {
  #allowed: ReadonlySet<string>;
  #disk: Omit<DiskAfterCut, 'losses'>;

  /** Of a device as it comes from the factory. */
  constructor(factory: string) {
    this.#allowed = new Set([factory]);
    this.#disk = { next: { version: factory, trial: false }, present: [factory] };
  }

  get disk(): Omit<DiskAfterCut, 'losses'> {
    return this.#disk;
  }

  /** The release on trial, if there is one. */
  get tried(): string | undefined {
    return this.#disk.next.trial ? this.#disk.next.version : undefined;
  }

  /**
   * Adds a cycle that was given `version`. Throws {@link BrickedError} if anything was or would be started but the old release
   * or the new one, also if it did not become healthy.
   */
  add(
    result: Pick<CycleResult, 'recovering' | 'recovered' | 'updating' | 'updated' | 'after'>,
    version: string,
  ): void {
    const { recovering, recovered, updating, updated, after } = result;
    this.#mustBeAllowed(recovering);
    if (recovered !== undefined) this.#allowed = new Set([recovered.version, version]);
    this.#mustBeAllowed(updating);
    if (updated !== undefined) this.#allowed = new Set([updated.version]);
    this.#mustBeAllowed([after.next]);
    this.#disk = after;
  }

  #mustBeAllowed(started: readonly Pick<Decision, 'version'>[]): void {
    const wrong = started.find(({ version }) => !this.#allowed.has(version));
    if (wrong === undefined) return;
    throw new BrickedError(`release ${wrong.version} boots, and not one of ${[...this.#allowed].join(', ')}`);
  }
}
