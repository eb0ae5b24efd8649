/** `cocon-update history`. */
import { defineCommand } from '@cocon-os/cli';
import { history as readHistory, type HistoryEvent } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { explainEvent } from '../explain-event.ts';
import { VOLUME_OPTIONS, withVolume } from '../open-volume.ts';
import { formatTable } from '../table.ts';

export const history = defineCommand<UpdaterContext, typeof VOLUME_OPTIONS>({
  name: 'history',
  summary: 'Show what happened to the slots, as far back as the boot records reach',
  args: [],
  options: VOLUME_OPTIONS,
  examples: [
    { title: 'Of this device', command: 'cocon-update history' },
    { title: 'Of a disk image', command: 'cocon-update history --volume disk.img' },
  ],
  async run({ platform, terminal }, { options, json }) {
    const events = await withVolume(platform, options, 'read', ({ volume }) => readHistory(volume));
    terminal.out(
      json
        ? `${JSON.stringify({ events: events.map(toJson) })}\n`
        : formatTable([['SEQUENCE', 'TIME', 'BY', 'SLOT', ''], ...events.map(toRow)]),
    );
  },
});

/** JSON has no integers beyond 2^53: the sequence, which may begin anywhere, is text. */
function toJson(event: HistoryEvent) {
  return {
    ...event,
    sequence: String(event.sequence),
    time: Number(event.time),
    floor: Number(event.floor),
    explanation: explainEvent(event),
  };
}

function toRow(event: HistoryEvent): readonly string[] {
  const { sequence, writer, slot } = event;
  return [
    String(sequence),
    formatTime(event.time),
    writer,
    slot === null ? '' : String(slot),
    explainEvent(event),
  ];
}

/** 2026-01-31 12:00:00, in UTC; a time that no calendar holds is shown as it is. */
function formatTime(seconds: bigint): string {
  if (seconds === 0n) return '-';
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 19).replace('T', ' ');
}
