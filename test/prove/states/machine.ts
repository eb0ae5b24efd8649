/** The production code as the state space drives it: the slot manager in TypeScript, the loader's core through the addon. */
import { boot, type BootOutcome } from '@cocon-os/native';
import {
  commit,
  noteProgress,
  noteShutdown,
  rollback,
  stage,
  type BlockDevice,
  type Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { PARTITION_UUID, type LastBoot } from '../../cross/boot.ts';
import { nativeDevice } from '../../cross/rust-reader.ts';
import { fillSlot } from '../../support/fill-slot.ts';
import { TRUSTED } from '../../vectors/sample.ts';
import type { TinyRelease } from './releases.ts';

/** The circumstances of a boot. */
export interface BootHow {
  readonly writable: boolean;
  /** Slots whose kernel the firmware refuses to start. */
  readonly refused: readonly number[];
  readonly lastBoot: LastBoot;
}

/** Everything that changes a volume, so that a planted fault is one method done otherwise. Throws what production code throws. */
export interface Machine {
  readonly boot: (device: BlockDevice, how: BootHow) => BootOutcome;
  readonly stage: (
    volume: Volume,
    release: TinyRelease,
    options: { readonly runningSlot: number | undefined; readonly force: boolean },
  ) => void;
  readonly commit: typeof commit;
  readonly rollback: typeof rollback;
  readonly noteProgress: typeof noteProgress;
  readonly noteShutdown: typeof noteShutdown;
}

/** The code that runs on devices, unchanged. */
export const PRODUCTION: Machine = {
  boot(device, { writable, refused, lastBoot }) {
    return boot(nativeDevice(device, writable), {
      trustedKeys: [TRUSTED.publicKey],
      architecture: 'amd64',
      partitionUuid: PARTITION_UUID,
      refusedSlots: [...refused],
      lastBoot,
    });
  },
  stage(volume, { signed, contents }, options) {
    fillSlot(stage(volume, signed, { crypto: nodeCrypto, ...options }), contents);
  },
  commit,
  rollback,
  noteProgress,
  noteShutdown,
};
