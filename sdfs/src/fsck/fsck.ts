/**
 * Checks a volume against the rules of FORMAT.md that a reader relies on. Repairs nothing: there is nothing that needs
 * repair (free space is derived, records are never rewritten in place), and what is lost cannot be made up.
 */
import { silentProgress, type Progress } from '@cocon-os/cli';

import type { BlockDevice, Crypto } from '../block-device.ts';
import { isSdfsError } from '../errors.ts';
import { Volume } from '../volume.ts';
import { checkPlace } from './check-place.ts';
import { checkRings } from './check-rings.ts';
import { checkSlots } from './check-slots.ts';
import { checkSuperblocks } from './check-superblocks.ts';
import type { Finding } from './finding.ts';

/** How thoroughly to check. */
export interface FsckOptions {
  readonly crypto: Crypto;
  /** Read every file of every slot and check its SHA-256. */
  readonly deep?: boolean | undefined;
  readonly progress?: Progress | undefined;
  /** Where the device begins on its medium, in bytes; 0 where nobody says. */
  readonly startBytes?: number | undefined;
}

/** What there is to say, errors and all. Never throws for what it finds on the device. */
export function fsck(device: BlockDevice, options: FsckOptions): readonly Finding[] {
  const { crypto, deep = false, progress = silentProgress, startBytes = 0 } = options;
  const superblocks = checkSuperblocks(device);
  const volume = openVolume(device);
  if (!(volume instanceof Volume)) return [...superblocks, volume];
  return [
    ...superblocks,
    ...checkPlace(volume.superblock, startBytes),
    ...checkRings(volume),
    ...checkSlots(volume, { crypto, deep, progress }),
  ];
}

function openVolume(device: BlockDevice): Volume | Finding {
  try {
    return Volume.open(device);
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    return {
      code: 'VOLUME_UNUSABLE',
      severity: 'error',
      place: 'volume',
      message: `${thrown.message} [${thrown.code}]`,
      hint: thrown.hint ?? null,
    };
  }
}
