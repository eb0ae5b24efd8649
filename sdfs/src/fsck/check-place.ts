/** Where the volume lies on its medium (FORMAT.md §1): law 7 holds only where its erase groups are the medium's. */
import { BLOCK_SIZE } from '../format.ts';
import { isAligned } from '../geometry.ts';
import type { Superblock } from '../superblock.ts';
import type { Finding } from './finding.ts';

/** What there is to say about a volume that begins at byte `startBytes` of its medium. */
export function checkPlace({ groupBlocks }: Superblock, startBytes: number): readonly Finding[] {
  if (isAligned(startBytes, groupBlocks)) return [];
  const group = groupBlocks * BLOCK_SIZE;
  return [
    {
      code: 'VOLUME_MISALIGNED',
      severity: 'error',
      place: 'volume',
      message: `it begins at byte ${startBytes} of its medium, expected a multiple of the erase group of ${group} bytes: what must not be lost together may share one of the medium`,
      hint: `Back up what matters, begin the partition at byte ${Math.ceil(startBytes / group) * group} and make the volume anew.`,
    },
  ];
}
