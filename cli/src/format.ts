/** Sizes and counts as people read and write them. */
import { UsageError } from './errors.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1536` as "1.5 KiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // Not "1024.0 KiB": what rounds up to the next unit is written in it.
  while (Math.round(value * 10) >= 10_240 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || Number.isInteger(value) ? String(value) : value.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** The text with everything that could steer a terminal replaced: what a disk or an archive says is shown, not obeyed. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}

/** "1 build", "2 builds". */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** "64MiB", "64M" or "67108864" as bytes. */
export function parseBytes(text: string): number {
  const match = /^(\d+)\s*(?:([KMGT])(?:iB)?|B)?$/i.exec(text.trim());
  const power = match?.[2] === undefined ? 0 : 'KMGT'.indexOf(match[2].toUpperCase()) + 1;
  const bytes = Number(match?.[1]) * 1024 ** power;
  if (!Number.isSafeInteger(bytes)) {
    throw new UsageError(`Cannot read "${text}" as a size`, 'Write it like 512MiB, 4G or 1048576.');
  }
  return bytes;
}
