/** A volume as text, the same for the same bytes: for eyes, for snapshots, for bug reports. */
import { plain } from '@cocon-os/cli';

import type { BlockDevice } from './block-device.ts';
import { isSdfsError } from './errors.ts';
import { BLOCK_SIZE, WRITERS } from './format.ts';
import { readDescriptor } from './descriptor.ts';
import type { BootRecord, Slot } from './record.ts';
import { currentRecord, scanRings } from './ring.ts';
import { readSuperblock, readSuperblockCopy, type Superblock } from './superblock.ts';

/** Everything that can be read of the volume. Never throws for what it finds: what cannot be read is said so. */
export function dump(device: BlockDevice): string {
  const lines: string[] = [`device ${device.sizeBytes} bytes`];
  const superblock = tell(lines, 'superblock', () => {
    for (const copy of ['A', 'B'] as const) {
      const result = readSuperblockCopy(device, copy);
      lines.push(`superblock copy ${copy}: ${'superblock' in result ? 'good' : result.error.code}`);
    }
    return readSuperblock(device);
  });
  if (superblock === undefined) return finished(lines);
  lines.push(...superblockLines(superblock));

  const blocks = scanRings(device, superblock);
  const records = blocks.flatMap(({ ring, index, result }) => {
    if ('record' in result) return [result.record];
    if (!result.blank) lines.push(`ring ${ring} index ${index}: ${result.error.code}`);
    return [];
  });
  if (records.length === 0) return finished(lines);
  const current = currentRecord(blocks, device.name);
  const age = ({ sequence }: BootRecord): bigint => BigInt.asUintN(64, current.sequence - sequence);
  for (const record of records.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)))
    lines.push(...recordLines(record, record === current));
  for (const slot of current.slots) {
    if (slot.state !== 'empty') lines.push(...descriptorLines(device, superblock, slot));
  }
  return finished(lines);
}

function superblockLines(superblock: Superblock): readonly string[] {
  const {
    volumeUuid,
    label,
    compat,
    roCompat,
    totalBlocks,
    groupBlocks,
    slotCount,
    ringBlocks,
    ringRecords,
    dataStart,
    dataEnd,
  } = superblock;
  return [
    `  volume ${volumeUuid} label ${JSON.stringify(label)}`,
    `  features compat ${hexWord(compat)} ro_compat ${hexWord(roCompat)}`,
    `  blocks ${totalBlocks} of ${BLOCK_SIZE} bytes, groups of ${groupBlocks}, ${slotCount} slots`,
    `  rings at ${ringBlocks[0]} and ${ringBlocks[1]}, ${ringRecords} records each`,
    `  data ${dataStart} to ${dataEnd}`,
  ];
}

function recordLines(record: BootRecord, current: boolean): readonly string[] {
  const writer = WRITERS[record.writer] ?? String(record.writer);
  return [
    `record ${record.sequence} at block ${record.block}${current ? ', current' : ''}: writer ${writer} time ${record.time} floor ${record.floor}`,
    ...record.slots.map((slot) => `  slot ${slotLine(slot)}`),
    ...record.failures.map(
      (failure) =>
        `  failure ${failure.releaseDigest} generation ${failure.generation} reason ${failure.reason} progress ${failure.progress} ${JSON.stringify(failure.detail)}`,
    ),
    ...record.outputs.map(
      ({ generation, output }) => `  output of generation ${generation} ${JSON.stringify(output)}`,
    ),
  ];
}

function slotLine(slot: Slot): string {
  const { index, state, generation } = slot;
  if (state === 'empty') return `${index} empty generation ${generation}`;
  return (
    `${index} ${state}${slot.wasConfirmed ? ' was-confirmed' : ''} priority ${slot.priority} attempts ${slot.attemptsLeft}/${slot.attemptsTotal}` +
    (slot.shutdowns === 0 ? '' : ` shutdowns ${slot.shutdowns}`) +
    ` progress ${slot.progress} reason ${slot.reason} ${JSON.stringify(slot.detail)} generation ${generation} release ${slot.releaseDigest}`
  );
}

function descriptorLines(device: BlockDevice, superblock: Superblock, slot: Slot): readonly string[] {
  const lines = [
    `descriptor of slot ${slot.index} at block ${slot.descriptorBlock}, ${slot.descriptorBlocks} blocks, crc ${hexWord(slot.descriptorCrc)}`,
  ];
  const descriptor = tell(lines, 'descriptor', () => readDescriptor(device, superblock, slot));
  for (const file of descriptor?.files ?? []) {
    const extents = file.extents.map((extent) => `${extent.start}+${extent.blocks}`).join(' ');
    lines.push(`  ${file.name} ${file.size} bytes sha256 ${file.sha256} at ${extents}`);
  }
  return lines;
}

/** What `read` returns, or a line that says why it does not. */
function tell<Value>(lines: string[], what: string, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    lines.push(`${what}: ${thrown.code}`);
    return undefined;
  }
}

function hexWord(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

function finished(lines: readonly string[]): string {
  return lines.map((line) => `${plain(line)}\n`).join('');
}
