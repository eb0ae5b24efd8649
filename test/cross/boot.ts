/** A boot as the loader does it, through the addon, up to the start of the kernel. */
import { boot, type BootOutcome } from '@cocon-os/native';
import type { BlockDevice } from '@cocon-os/sdfs';

import { TRUSTED } from '../vectors/sample.ts';
import { nativeDevice } from './rust-reader.ts';

/** UUID of the partition that the loader is told. */
export const PARTITION_UUID = '89abcdef-0123-4567-89ab-cdef01234567';

/** Boots; what the loader writes is on the device afterwards. */
export function bootOnce(device: BlockDevice, writable = true): BootOutcome {
  return boot(nativeDevice(device, writable), {
    trustedKeys: [TRUSTED.publicKey],
    architecture: 'amd64',
    partitionUuid: PARTITION_UUID,
    time: 1_700_000_100,
  });
}
