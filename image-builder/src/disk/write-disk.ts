/** A disk that boots: partition table, loader, a volume with releases, and room for data. */
import { createHash } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';

import { whyUnread, type Progress } from '@cocon-os/cli';
import { inScratch } from '@cocon-os/cli/disk-room';
import { makeScratch, type Scratch } from '@cocon-os/qemu';

import { BuilderError } from '../errors.ts';
import type { Config } from '../config/schema.ts';
import { withTrustedKeys } from '../trust-section.ts';
import { assertReplaceable, outputFailed, wholeFile } from '../whole-file.ts';
import { MKE2FS_CONFIGURATION, writeDataPartition } from './data-partition.ts';
import { writeEsp } from './esp.ts';
import { planDisk, type DiskLayout, type PlannedPartition } from './layout.ts';
import { partitionUuid, writePartitionTable } from './partition-table.ts';
import { sparseCopy } from './sparse-copy.ts';
import { UuidSource } from './uuid.ts';
import {
  openReleases,
  volumeBytes,
  writeVolume,
  type InstalledRelease,
  type VerifiedRelease,
} from './volume.ts';

/** What a disk is made of. */
export interface DiskOptions {
  readonly config: Config;
  /** Artifacts; the first is confirmed, the others are on trial. At least one. */
  readonly releases: readonly string[];
  /** The loader's file. */
  readonly loader: string;
  /** Raw public keys that the loader will trust, and that the releases must be signed with. */
  readonly trustedKeys: readonly Uint8Array[];
  /** The disk's file. It is replaced when it exists. */
  readonly output: string;
  readonly progress: Progress;
}

/** A disk that was written. */
export interface DiskResult {
  readonly output: string;
  readonly sizeBytes: number;
  /** Bytes that the file takes where it lies. */
  readonly allocatedBytes: number;
  readonly partitions: readonly (PlannedPartition & { readonly uuid: string })[];
  readonly releases: readonly InstalledRelease[];
}

/** Bytes of a block. */
const BLOCK = 4096;

/** Writes the disk; it appears whole or not at all. Throws `BuilderError`, and the errors of staging. */
export async function writeDisk(options: DiskOptions): Promise<DiskResult> {
  const { config, output, progress } = options;
  await assertReplaceable(output);
  const { slots } = config.image.volume;
  if (options.releases.length > slots) {
    throw new BuilderError(
      'DISK_TOO_SMALL',
      `Cannot put ${options.releases.length} releases on a disk: its volume has ${slots} slots`,
      {
        hint: 'Give fewer releases, or raise image.volume.slots in cocon.config.ts.',
      },
    );
  }
  const loader = withTrustedKeys(await readLoader(options.loader), options.trustedKeys, options.loader);
  const releases = await openReleases(options.releases, config.architecture, options.trustedKeys);
  const layout = planDisk({
    espBytes: config.image.espBytes,
    volumeBytes: config.image.volume.sizeBytes ?? volumeBytes(releases, config.image.volume),
    dataBytes: config.image.data === false ? 0 : config.image.data.sizeBytes,
    alignment: config.image.volume.groupBlocks * BLOCK,
  });
  const uuids = new UuidSource(seedOf(options, loader, releases, layout));
  using scratch = makeScratch('disk');
  try {
    const staged = await wholeFile(output, async (draft) => {
      await createSparse(draft, output, layout.sizeBytes);
      await writePartitionTable(draft, layout, uuids);
      return fillPartitions(draft, layout, uuids, { ...options, loader, releases, scratch });
    });
    return {
      output,
      sizeBytes: layout.sizeBytes,
      allocatedBytes: await allocatedBytes(output),
      partitions: layout.partitions.map((partition) => ({
        ...partition,
        uuid: partitionUuid(partition, uuids),
      })),
      releases: staged,
    };
  } finally {
    progress.finish();
  }
}

interface Contents {
  readonly config: Config;
  readonly loader: Uint8Array;
  readonly releases: readonly VerifiedRelease[];
  readonly trustedKeys: readonly Uint8Array[];
  readonly scratch: Scratch;
  readonly progress: Progress;
}

async function fillPartitions(
  disk: string,
  { partitions }: DiskLayout,
  uuids: UuidSource,
  { config, loader, releases, trustedKeys, scratch, progress }: Contents,
): Promise<DiskResult['releases']> {
  const file = scratch.file('partition');
  let staged: DiskResult['releases'] = [];
  for (const partition of partitions) {
    if (partition.role === 'volume') {
      const { volume } = config.image;
      const uuid = uuids.bytes('volume');
      staged = await writeVolume(disk, partition, releases, {
        ...volume,
        uuid,
        trustedKeys,
        architecture: config.architecture,
        progress,
      });
      continue;
    }
    await inScratch(() =>
      partition.role === 'esp'
        ? writeEsp(file, partition.sizeBytes, loader, config.architecture, uuids.bytes('esp'), scratch)
        : writeDataPartition(file, partition.sizeBytes, uuids, scratch),
    );
    await sparseCopy(file, disk, partition.offset);
    await rm(file);
  }
  return staged;
}

function seedOf(
  { config }: DiskOptions,
  loader: Uint8Array,
  releases: readonly VerifiedRelease[],
  layout: DiskLayout,
): Uint8Array {
  const parts =
    config.image.uuid === undefined
      ? [
          loader,
          ...releases.map(({ digest }) => digest),
          JSON.stringify(layout),
          JSON.stringify(config.image.volume),
          MKE2FS_CONFIGURATION,
        ]
      : [config.image.uuid];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(createHash('sha256').update(part).digest());
  return hash.digest();
}

async function readLoader(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new BuilderError('LOADER_NOT_FOUND', `Cannot read boot loader "${path}": ${whyUnread(cause)}`, {
      hint: 'Build it with scripts/build-loader, or name one by --loader or image.loader in cocon.config.ts.',
      cause,
    });
  });
}

async function createSparse(path: string, output: string, sizeBytes: number): Promise<void> {
  try {
    const file = await open(path, 'w');
    await file.truncate(sizeBytes);
    await file.close();
  } catch (cause) {
    throw outputFailed(output, cause);
  }
}

async function allocatedBytes(path: string): Promise<number> {
  const file = await open(path);
  try {
    return (await file.stat()).blocks * 512;
  } finally {
    await file.close();
  }
}
