/** `cocon-update status`. */
import { defineCommand, formatBytes, plain } from '@cocon-os/cli';

import type { UpdaterContext } from '../context.ts';
import { VOLUME_OPTIONS, withVolume } from '../open-volume.ts';
import { readStatus } from '../status.ts';
import type { SlotReport, StatusReport } from '../status-schema.ts';
import { formatTable } from '../table.ts';

const DIGEST_SHOWN = 12;

export const status = defineCommand<UpdaterContext, typeof VOLUME_OPTIONS>({
  name: 'status',
  summary: 'Show what each slot holds, what runs, what boots next and what failed',
  args: [],
  options: VOLUME_OPTIONS,
  examples: [
    { title: 'On a device', command: 'cocon-update status' },
    { title: 'Of a disk image, for a program', command: 'cocon-update status --volume disk.img --json' },
  ],
  async run({ platform, terminal }, { options, json }) {
    const report = await withVolume(platform, options, 'read', readStatus);
    terminal.out(json ? `${JSON.stringify(report)}\n` : formatStatus(report));
  },
});

function formatStatus({ volume, slots, failures, next, warnings }: StatusReport): string {
  const label = volume.label === '' ? '' : ` "${plain(volume.label)}"`;
  const head = `Volume${label} on ${volume.path}, ${formatBytes(volume.sizeBytes)}, security floor ${volume.floor}${volume.writable ? '' : ', read only'}\n`;
  const table = formatTable([
    ['', 'SLOT', 'STATE', 'RELEASE', 'DIGEST', ''],
    ...slots.map((slot) => [
      `${slot.running ? '*' : ''}${slot.next ? '>' : ''}`,
      String(slot.slot),
      slot.state,
      nameOf(slot),
      slot.digest?.slice(0, DIGEST_SHOWN) ?? '',
      slot.explanation,
    ]),
  ]);
  const givenUp = (title: string, refused: boolean): string => {
    const lines = failures
      .filter((failure) => failure.refused === refused)
      .map(({ digest, explanation }) => `  ${digest.slice(0, DIGEST_SHOWN)}: ${plain(explanation)}\n`);
    return lines.length === 0 ? '' : `\n${title}\n${lines.join('')}`;
  };
  const legend = [
    ...(slots.some((slot) => slot.running) ? ['* runs'] : []),
    next === null ? 'no slot is left to boot' : '> boots next',
  ];
  const doubts = warnings.map(
    ({ code, message, hint }) => `\nWarning: ${message} [${code}]\nhint: ${hint}\n`,
  );
  return (
    `${head}\n${table}\n${legend.join(', ')}\n` +
    givenUp('Refused because they failed before:', true) +
    givenUp('Given up without a failure, may be staged again:', false) +
    doubts.join('')
  );
}

function nameOf(slot: SlotReport): string {
  if (slot.problem !== null) return `unreadable [${slot.problem.code}]`;
  return slot.release === null ? '' : `${slot.release.name} ${slot.release.version}`;
}
