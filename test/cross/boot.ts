/** A boot as the loader does it, through the addon, up to the start of the kernel. */
import { boot, type BootOptions, type BootOutcome } from '@cocon-os/native';
import type { BlockDevice } from '@cocon-os/sdfs';

import { TRUSTED } from '../vectors/sample.ts';
import { nativeDevice } from './rust-reader.ts';

/** UUID of the partition that the loader is told. */
export const PARTITION_UUID = '89abcdef-0123-4567-89ab-cdef01234567';

/** How the boot before ended. */
export type LastBoot = NonNullable<BootOptions['lastBoot']>;

/** What may differ between boots. */
export interface BootOnceOptions {
  readonly writable?: boolean;
  /** The machine cannot tell when it is not given. */
  readonly lastBoot?: LastBoot;
  readonly partitionTable?: BootOptions['partitionTable'];
}

/** Boots; what the loader writes is on the device afterwards. */
export function bootOnce(
  device: BlockDevice,
  { writable = true, lastBoot, partitionTable }: BootOnceOptions = {},
): BootOutcome {
  return boot(nativeDevice(device, writable), {
    ...(lastBoot !== undefined && { lastBoot }),
    ...(partitionTable !== undefined && { partitionTable }),
    trustedKeys: [TRUSTED.publicKey],
    architecture: 'amd64',
    partitionUuid: PARTITION_UUID,
    time: 1_700_000_100,
  });
}
