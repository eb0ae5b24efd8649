/** A profile's size budget: what of a sealed release goes onto a device, and which slices grew when it is too much. */
import { readFile } from 'node:fs/promises';

import { formatBytes } from '@cocon-os/cli';

import { writeNote } from './store.ts';

/** A slice and the bytes of its files. */
export interface SliceBytes {
  readonly node: string;
  readonly fileBytes: number;
}

/** A release, measured. */
export interface SealedSize {
  /** Kernel, initrd, device trees, root file system and hash tree. */
  readonly sealedBytes: number;
  readonly slices: readonly SliceBytes[];
  /** Stands for all that decided `sealedBytes`, where it is to be known again. */
  readonly key?: string;
}

/** The last measurement that kept its budget, noted in the file `path`; nothing when there is none. */
export async function lastKept(path: string): Promise<SealedSize | undefined> {
  const text = await readFile(path, 'utf8').catch(() => 'null');
  try {
    const value: unknown = JSON.parse(text);
    return isSealedSize(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSealedSize(value: unknown): value is SealedSize {
  const { sealedBytes, slices, key } = fieldsOf(value);
  return (
    typeof sealedBytes === 'number' &&
    Array.isArray(slices) &&
    slices.every((slice) => {
      const { node, fileBytes } = fieldsOf(slice);
      return typeof node === 'string' && typeof fileBytes === 'number';
    }) &&
    (key === undefined || typeof key === 'string')
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Notes one that kept it. */
export async function noteKept(path: string, { sealedBytes, slices, key }: SealedSize): Promise<void> {
  const rows = slices.map(({ node, fileBytes }) => ({ node, fileBytes }));
  await writeNote(path, `${JSON.stringify({ sealedBytes, slices: rows, key })}\n`);
}

/** What is over the budget and why, in lines for people; nothing when the budget is kept. */
export function excessOf(
  now: SealedSize,
  budget: number,
  before: SealedSize | undefined,
): string | undefined {
  const { sealedBytes } = now;
  if (sealedBytes <= budget) return undefined;
  const head = `${formatBytes(sealedBytes)} sealed, ${formatBytes(sealedBytes - budget)} over the budget of ${formatBytes(budget)}`;
  const rows = before === undefined ? [] : grown(now, before);
  const why =
    before === undefined ? 'no build is noted that kept it' : 'nothing has grown since a build that kept it';
  return [head, ...(rows.length > 0 ? rows : largest(now, why))].join('\n');
}

function grown(now: SealedSize, before: SealedSize): readonly string[] {
  const then = new Map(before.slices.map(({ node, fileBytes }) => [node, fileBytes]));
  const rows = now.slices
    .map(({ node, fileBytes }) => ({ node, was: then.get(node) ?? 0, is: fileBytes }))
    .filter(({ was, is }) => is > was)
    .toSorted((a, b) => b.is - b.was - (a.is - a.was))
    .map(
      ({ node, was, is }) =>
        `  ${node}: ${formatBytes(was)}, now ${formatBytes(is)} (+${formatBytes(is - was)})`,
    );
  if (rows.length === 0) return [];
  return [
    `since ${formatBytes(before.sealedBytes)} were sealed, which kept it, there grew (before compression):`,
    ...rows,
  ];
}

/** Rows that are shown where nothing can be compared. */
const SHOWN = 5;

function largest({ slices }: SealedSize, why: string): readonly string[] {
  const rows = slices
    .toSorted((a, b) => b.fileBytes - a.fileBytes)
    .slice(0, SHOWN)
    .map(({ node, fileBytes }) => `  ${node}: ${formatBytes(fileBytes)}`);
  return [`${why}; the largest slices, before compression:`, ...rows];
}
