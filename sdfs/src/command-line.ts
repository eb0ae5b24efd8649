/** The kernel command line that the loader composes (FORMAT.md §9). Here to refuse a release before it is staged. */
import type { Extent, SlotFile } from './descriptor.ts';
import { SdfsError } from './errors.ts';
import { BLOCK_SIZE } from './format.ts';
import type { SignedRelease } from './release.ts';
import type { Architecture } from './release-schema.ts';
import type { Superblock } from './superblock.ts';

/** What the line is made of. */
export interface CommandLineParts {
  readonly signed: Pick<SignedRelease, 'release' | 'digest'>;
  readonly slot: number;
  readonly files: readonly SlotFile[];
  readonly superblock: Superblock;
}

/** What the loader adds of the boot. */
export interface CommandLineBoot {
  /** GPT partition UUID of the volume, lower case. */
  readonly partitionUuid: string;
  /** `backup` where the disk's primary partition table cannot be used; `primary` when not given. */
  readonly partitionTable?: 'primary' | 'backup';
  /** "attempt/total" in a trial. */
  readonly trial?: string;
}

/** Bytes of the longest line that the kernel takes: one less than Linux's COMMAND_LINE_SIZE; what is longer it cuts. */
export const COMMAND_LINE_LIMITS: Readonly<Record<Architecture, number>> = {
  amd64: 2047,
  arm64: 2047,
  riscv64: 1023,
  arm: 1023,
};

const SECTORS = BLOCK_SIZE / 512;

/** The line. Its characters are ASCII, so its length is its bytes. */
export function composeCommandLine(parts: CommandLineParts, boot: CommandLineBoot): string {
  const { signed, slot, files, superblock } = parts;
  const { commandLine, rootfs } = signed.release;
  const { partitionUuid, partitionTable, trial } = boot;
  const volume = `PARTUUID=${partitionUuid}`;
  const words = [
    commandLine,
    `cocon.slot=${slot}`,
    `cocon.release=${signed.digest}`,
    `cocon.volume=${volume}`,
  ];
  if (partitionTable === 'backup') words.push('gpt');
  if (trial !== undefined) words.push(`cocon.attempt=${trial}`);
  if (rootfs !== undefined) {
    const blocks = rootfs.size / BLOCK_SIZE;
    const tables = [
      `sdfs,,0,ro,0 ${superblock.totalBlocks * SECTORS} linear ${volume} 0`,
      `image,,1,ro,${imageTable(files)}`,
      `root,,2,ro,0 ${blocks * SECTORS} verity 1 /dev/dm-1 /dev/dm-1 4096 4096 ${blocks} ${blocks} sha256 ${rootfs.verity.rootHash} -`,
    ].join(';');
    words.push(
      'root=/dev/dm-2',
      'ro',
      'rootfstype=erofs',
      `dm-mod.waitfor=${volume}`,
      `dm-mod.create="${tables}"`,
    );
  }
  return words.join(' ');
}

/** Throws `CMDLINE_TOO_LONG` when the line of a trial on a disk that has lost its primary partition table would not fit. */
export function checkCommandLineLimit(parts: CommandLineParts): void {
  const { architecture, attempts } = parts.signed.release;
  const limit = COMMAND_LINE_LIMITS[architecture];
  const { length } = composeCommandLine(parts, {
    partitionUuid: ANY_UUID,
    partitionTable: 'backup',
    trial: `${attempts}/${attempts}`,
  });
  if (length <= limit) return;
  throw new SdfsError(
    'CMDLINE_TOO_LONG',
    `Cannot stage: the kernel command line would have ${length} bytes, ${architecture} takes ${limit}`,
    {
      hint: 'Shorten commandLine, or free a slot so that the root file system lies in fewer pieces.',
      facts: { expected: limit, actual: length },
    },
  );
}

/** As long as every other one. */
const ANY_UUID = '00000000-0000-0000-0000-000000000000';

function imageTable(files: readonly SlotFile[]): string {
  const extents = (['rootfs', 'verity'] as const).flatMap(
    (kind) => files.find((file) => file.kind === kind)?.extents ?? [],
  );
  let at = 0;
  return merged(extents)
    .map(({ start, blocks }) => {
      const row = `${at} ${blocks * SECTORS} linear /dev/dm-0 ${start * SECTORS}`;
      at += blocks * SECTORS;
      return row;
    })
    .join(',');
}

/** The extents, each that begins where the one before it ends merged with that one. */
function merged(extents: readonly Extent[]): readonly Extent[] {
  const runs: Extent[] = [];
  for (const extent of extents) {
    const last = runs.at(-1);
    if (last !== undefined && last.start + last.blocks === extent.start) {
      runs[runs.length - 1] = { start: last.start, blocks: last.blocks + extent.blocks };
    } else runs.push(extent);
  }
  return runs;
}
