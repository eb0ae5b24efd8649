/**
 * The production code as the state space drives it: the slot manager in TypeScript, the loader's core through the addon.
 *
 * One interface, so that a planted fault is one method done otherwise.
 */
import { boot, type BootOutcome } from '@cocon-os/native';
import {
  commit,
  noteProgress,
  rollback,
  stage,
  type ProgressNote,
  type RollbackOptions,
  type StageOptions,
  type Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { PARTITION_UUID } from '../cross/boot.ts';
import { nativeDevice } from '../cross/rust-reader.ts';
import { TRUSTED } from '../vectors/sample.ts';
import type { BlocksDevice } from './state-space-device.ts';
import type { TinyRelease } from './state-space-releases.ts';

/** The circumstances of a boot. */
export interface BootHow {
  /** Whether the loader is told that it may write. */
  readonly writable: boolean;
  /** Slots whose kernel the firmware refuses to start. */
  readonly refused: readonly number[];
}

/** Everything that changes a volume. Each method throws what the production code throws. */
export interface Machine {
  boot(device: BlocksDevice, how: BootHow): BootOutcome;
  stage(volume: Volume, release: TinyRelease, options: Pick<StageOptions, 'runningSlot' | 'force'>): void;
  commit(volume: Volume, slot: number): void;
  rollback(volume: Volume, slot: number, options: RollbackOptions): void;
  noteProgress(volume: Volume, slot: number, note: ProgressNote): void;
}

/** The code that runs on devices, unchanged. */
export const production: Machine = {
  boot(device, { writable, refused }) {
    return boot(nativeDevice(device, writable), {
      trustedKeys: [TRUSTED.publicKey],
      architecture: 'amd64',
      partitionUuid: PARTITION_UUID,
      refusedSlots: [...refused],
    });
  },
  stage(volume, { signed, contents }, options) {
    const session = stage(volume, signed, { crypto: nodeCrypto, ...options });
    for (const { name } of session.files) {
      const writer = session.writer(name);
      writer.write(contents[name] ?? new Uint8Array());
      writer.close();
    }
    session.finish();
  },
  commit,
  rollback,
  noteProgress,
};
