/** The rings of boot records (FORMAT.md §4): what could not be used, and whether one ring could be lost. */
import { isSdfsError } from '../errors.ts';
import { isNewer, ringOf } from '../ring-position.ts';
import type { RingBlock } from '../ring.ts';
import type { Volume } from '../volume.ts';
import type { Finding } from './finding.ts';

/** What there is to say about the rings. */
export function checkRings(volume: Volume): readonly Finding[] {
  const blocks = volume.scanRings();
  return [...blocks.flatMap(unusableRecord), ...lonelyRing(volume, blocks), ...strangers(volume, blocks)];
}

function unusableRecord({ ring, index, result }: RingBlock): readonly Finding[] {
  if ('record' in result || result.blank) return [];
  // A write that power cut short leaves a bad checksum, a format over an older one another volume's records.
  const expected = isSdfsError(result.error, 'SDFS_BAD_CHECKSUM', 'SDFS_BAD_MAGIC');
  return [
    {
      code: 'RECORD_UNUSABLE',
      severity: expected ? 'note' : 'warning',
      place: `ring ${ring} index ${index}`,
      message: `${result.error.message} [${result.error.code}]`,
      hint: expected
        ? 'Left by a write that was cut short; it is passed over and will be written anew.'
        : null,
    },
  ];
}

/** After two records each ring holds one, so that the loss of the other's erase group costs one decision at most. */
function lonelyRing(volume: Volume, blocks: readonly RingBlock[]): readonly Finding[] {
  const { record } = volume;
  const valid = blocks.filter(({ result }) => 'record' in result);
  const other = ringOf(record.sequence) === 0 ? 1 : 0;
  if (valid.length < 2 || valid.some(({ ring }) => ring === other)) return [];
  return [
    {
      code: 'RING_WITHOUT_RECORD',
      severity: 'warning',
      place: `ring ${other}`,
      message: `no valid record is left in ring ${other}: the current one, ${record.sequence}, stands alone`,
      hint: 'The next record goes there. Should it not stay, the device fails; replace it.',
    },
  ];
}

/** Records that count for nothing because half of all numbers is newer than they are. */
function strangers(volume: Volume, blocks: readonly RingBlock[]): readonly Finding[] {
  const current = volume.record.sequence;
  return blocks.flatMap(({ ring, index, result }) => {
    if ('error' in result || result.record.sequence === current || isNewer(current, result.record.sequence))
      return [];
    return [
      {
        code: 'RECORD_OUT_OF_ORDER',
        severity: 'warning',
        place: `ring ${ring} index ${index}`,
        message: `sequence ${result.record.sequence} is not older than the current ${current}`,
        hint: 'The rings were written by something else than a boot loader and an updater that take turns.',
      },
    ] as const;
  });
}
