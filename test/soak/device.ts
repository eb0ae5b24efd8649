/** A device that is soaked, and what it may boot. */
import type { Scratch } from '@cocon-os/qemu';

import type { PhaseLengths } from './power-switch.ts';

/** One device, from its first cycle to its last. */
export interface SoakedDevice {
  /** Its disk, as the last cut has left it. */
  readonly disk: string;
  /** Its volume's place on the disk, in bytes. */
  readonly volume: { readonly offset: number; readonly sizeBytes: number };
  readonly trustedKeys: readonly Uint8Array[];
  readonly scratch: Scratch;
  readonly lengths: PhaseLengths;
}
