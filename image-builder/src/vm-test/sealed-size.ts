/** A profile's size budget: what of a sealed release goes onto a device, and which slices grew when it is too much. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { formatBytes } from '@cocon-os/cli';
import type { Release } from '@cocon-os/sdfs';
import { z } from 'zod';

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
}

const noted = z.object({
  sealedBytes: z.number(),
  slices: z.array(z.object({ node: z.string(), fileBytes: z.number() })),
});

/** Bytes of everything that a slot holds of a release. */
export function sealedBytesOf({ kernel, initrd, deviceTrees = [], rootfs }: Release): number {
  const files = [kernel, initrd, rootfs, rootfs?.verity, ...deviceTrees];
  return files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
}

/** The last measurement that kept its budget, noted in the file `path`; nothing when there is none. */
export async function lastKept(path: string): Promise<SealedSize | undefined> {
  const text = await readFile(path, 'utf8').catch(() => 'null');
  try {
    return noted.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Notes one that kept it. */
export async function noteKept(path: string, size: SealedSize): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(size)}\n`);
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
  const rows = before === undefined ? largest(now) : grown(now, before);
  return [head, ...rows].join('\n');
}

function grown(now: SealedSize, before: SealedSize): readonly string[] {
  const then = new Map(before.slices.map(({ node, fileBytes }) => [node, fileBytes]));
  const rows = now.slices
    .map(({ node, fileBytes }) => ({ node, was: then.get(node) ?? 0, is: fileBytes }))
    .filter(({ was, is }) => is > was)
    .toSorted((a, b) => b.is - b.was - (a.is - a.was))
    .map(({ node, was, is }) => `  ${node}: ${formatBytes(was)}, now ${formatBytes(is)}`);
  return [`since ${formatBytes(before.sealedBytes)} were sealed, which kept it:`, ...rows];
}

/** Rows that are shown where nothing can be compared. */
const SHOWN = 5;

function largest({ slices }: SealedSize): readonly string[] {
  const rows = slices
    .toSorted((a, b) => b.fileBytes - a.fileBytes)
    .slice(0, SHOWN)
    .map(({ node, fileBytes }) => `  ${node}: ${formatBytes(fileBytes)}`);
  return ['no smaller build is noted; the largest slices, before compression:', ...rows];
}
