/** `sdfs info`: what a volume is and what its slots are. */
import { defineCommand, formatBytes, plain } from '@cocon-os/cli';

import { isSdfsError } from '../errors.ts';
import { BLOCK_SIZE, WRITERS } from '../format.ts';
import type { Slot } from '../record.ts';
import { bootOrder } from '../target-slot.ts';
import type { Volume } from '../volume.ts';
import type { Context } from './context.ts';
import { printJson } from './print-json.ts';
import { VOLUME_OPTIONS, withVolume } from './volume-options.ts';

/** `sdfs info <volume>`. */
export const infoCommand = defineCommand<Context, typeof VOLUME_OPTIONS>({
  name: 'info',
  summary: 'Tell what a volume is and what its slots are',
  args: ['volume'],
  options: VOLUME_OPTIONS,
  examples: [
    { title: 'A volume image, or a disk image with one SDFS partition', command: 'sdfs info disk.img' },
    {
      title: 'The state of slot 1 for a script',
      command: 'sdfs info --json disk.img | jq -r .slots[1].state',
    },
  ],
  run: ({ terminal }, input) =>
    withVolume(input, (volume) => {
      if (input.json) printJson(terminal, report(volume));
      else terminal.out(text(volume));
    }),
});

function report(volume: Volume) {
  const { superblock, record, writable, device } = volume;
  const { bytes: _, block, slots, ...header } = record;
  return {
    volume: { name: device.name, sizeBytes: superblock.totalBlocks * BLOCK_SIZE, writable, ...superblock },
    record: { ...header, writer: WRITERS[record.writer] ?? String(record.writer), block },
    slots: slots.map((slot) => ({ ...slot, release: releaseOf(volume, slot) })),
    bootOrder: bootOrder(record, volume),
  };
}

function text(volume: Volume): string {
  const { superblock, record } = volume;
  const { volumeUuid, label, totalBlocks, groupBlocks, slotCount, ringRecords } = superblock;
  const rows = [
    ['volume', `${volumeUuid}${label === '' ? '' : ` "${label}"`}`],
    [
      'size',
      `${formatBytes(totalBlocks * BLOCK_SIZE)}, ${slotCount} slots, erase groups of ${formatBytes(groupBlocks * BLOCK_SIZE)}, ${2 * ringRecords} boot records`,
    ],
    [
      'writable',
      volume.writable ? 'yes' : `no, ro-compat bits 0x${superblock.roCompat.toString(16)} are not known`,
    ],
    [
      'record',
      `${record.sequence}, written by ${WRITERS[record.writer] ?? record.writer}${record.time === 0n ? '' : ` at ${isoTime(record.time)}`}`,
    ],
    ['floor', String(record.floor)],
    [
      'boots',
      bootOrder(record, volume)
        .map((index) => `slot ${index}`)
        .join(', then ') || 'nothing',
    ],
    ...record.slots.map((slot) => [`slot ${slot.index}`, slotText(volume, slot)]),
    ...record.failures.map((failure) => [
      'failed',
      `${failure.releaseDigest} ${failure.reason}${inParentheses(failure.detail)}, got to ${failure.progress}`,
    ]),
  ];
  return rows.map(([name, value]) => `${(name ?? '').padEnd(8)}  ${plain(value ?? '')}\n`).join('');
}

function slotText(volume: Volume, slot: Slot): string {
  if (slot.state === 'empty') return 'empty';
  const release = releaseOf(volume, slot);
  const title =
    release === null
      ? ''
      : 'error' in release
        ? `, unreadable [${release.error}]`
        : `, ${release.name} ${release.version}`;
  const trial = slot.state === 'trial' ? `, ${slot.attemptsLeft} of ${slot.attemptsTotal} attempts left` : '';
  const reason = slot.reason === 'none' ? '' : `, ${slot.reason}${inParentheses(slot.detail)}`;
  return `${slot.state}${title}, priority ${slot.priority}${trial}, progress ${slot.progress}${reason}, ${slot.releaseDigest.slice(0, 12)}`;
}

function releaseOf(volume: Volume, slot: Slot) {
  if (slot.state === 'empty') return null;
  try {
    const { name, version, architecture, securityVersion } = volume.release(slot.index);
    return { name, version, architecture, securityVersion };
  } catch (thrown) {
    if (isSdfsError(thrown)) return { error: thrown.code };
    throw thrown;
  }
}

function inParentheses(detail: string): string {
  return detail === '' ? '' : ` (${detail})`;
}

/** The record's time; a number beyond the calendar stays a number. */
function isoTime(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
