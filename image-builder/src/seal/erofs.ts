/**
 * The root file system's image: EROFS, made by mkfs.erofs out of one deterministic tar stream.
 * Needs erofs-utils 1.8 or later, which read tar archives and compress with zstd.
 */
import { rm } from 'node:fs/promises';

import type { Progress } from '@cocon-os/cli';

import { BuilderError } from '../errors.ts';
import { runTool } from '../run-tool.ts';
import { tarBytes } from '../tar/write.ts';
import { sortedChildren, type Directory, type Inode } from '../tree/inode.ts';
import type { Spool } from '../tree/spool.ts';
import { treeEntries } from '../tree/tree-archive.ts';

/** How file contents are compressed. What the kernel was not built with, it cannot read. */
export interface ErofsCompression {
  readonly algorithm: 'none' | 'lz4' | 'lz4hc' | 'zstd' | 'lzma' | 'deflate';
  /** The algorithm's own scale; the one that compresses best without taking ages when left out. */
  readonly level?: number | undefined;
  /** Largest run of disk bytes that is decompressed together, a power of two of at least 4096. */
  readonly clusterBytes: number;
}

/** Names which the image does not depend on: equal trees give equal bytes. */
const FIXED_UUID = '00000000-0000-0000-0000-000000000000';
const MIN_VERSION = [1, 8] as const;
/** Where compressing longer makes smaller files and slower builds, but no slower boots. */
const BEST_LEVELS: Partial<Record<ErofsCompression['algorithm'], number>> = {
  lz4hc: 12,
  zstd: 19,
  deflate: 9,
};

/** Writes the image of `root` to `output`. `program` is mkfs.erofs. Throws `TOOL_MISSING` and `TOOL_FAILED`. */
export async function writeErofs(
  program: string,
  root: Directory,
  spool: Spool,
  compression: ErofsCompression,
  output: string,
  progress: Progress,
): Promise<void> {
  await checkVersion(program);
  await rm(output, { force: true });
  const totalBytes = contentBytes(root);
  await runTool({
    program,
    packageName: 'erofs-utils 1.8 or later',
    purpose: 'make the root file system',
    writes: output,
    args: [
      '--quiet',
      '--tar=f',
      // Inodes that carry the image's own time stamp are half the size; so it is given the most frequent one.
      `-T${commonTimestamp(root)}`,
      '--mkfs-time',
      `-U${FIXED_UUID}`,
      // Every attribute of these names is shared from its first repetition on.
      '-x1',
      ...compressionArguments(compression),
      output,
    ],
    input: counted(tarBytes(treeEntries(root, spool)), (done) =>
      progress.update('Root file system', Math.min(done, totalBytes), totalBytes),
    ),
  });
}

function compressionArguments({
  algorithm,
  level = BEST_LEVELS[algorithm],
  clusterBytes,
}: ErofsCompression): readonly string[] {
  if (algorithm === 'none') return [];
  return [`-z${algorithm}${level === undefined ? '' : `,level=${level}`}`, `-C${clusterBytes}`];
}

async function checkVersion(program: string): Promise<void> {
  const text = await runTool({
    program,
    packageName: 'erofs-utils 1.8 or later',
    purpose: 'make the root file system',
    args: ['-V'],
  });
  const match = /(\d+)\.(\d+)/.exec(text);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return;
  throw new BuilderError(
    'TOOL_MISSING',
    `Cannot make the root file system: ${program} is version ${match?.[0] ?? 'unknown'}, wanted 1.8 or later`,
    {
      hint: 'Set tools.mkfsErofs in cocon.config.ts to a newer one.',
    },
  );
}

/** The most frequent whole second among the modification times; the earlier one among equals. */
function commonTimestamp(root: Directory): number {
  const counts = new Map<number, number>();
  for (const { mtime } of inodesOf(root)) {
    if (mtime.nanoseconds === 0 && mtime.seconds >= 0)
      counts.set(mtime.seconds, (counts.get(mtime.seconds) ?? 0) + 1);
  }
  let best = 0;
  for (const [seconds, count] of counts) {
    const most = counts.get(best) ?? 0;
    if (count > most || (count === most && seconds < best)) best = seconds;
  }
  return best;
}

function contentBytes(root: Directory): number {
  return [...inodesOf(root)].reduce((sum, inode) => sum + (inode.type === 'file' ? inode.size : 0), 0);
}

async function* counted(
  pieces: AsyncIterable<Uint8Array>,
  report: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of pieces) {
    yield piece;
    done += piece.length;
    report(done);
  }
}

function* inodesOf(directory: Directory): Generator<Inode> {
  yield directory;
  for (const [, inode] of sortedChildren(directory)) {
    if (inode.type === 'directory') yield* inodesOf(inode);
    else yield inode;
  }
}
