/** The SDFS volume of a disk image. Formatting, staging and committing are those of a running device. */
import type { Progress } from '@cocon-os/cli';
import {
  commit,
  LIMITS,
  mkfs,
  releaseFiles,
  Volume,
  windowDevice,
  type Architecture,
  type Release,
} from '@cocon-os/sdfs';
import { nodeCrypto, openFileDevice } from '@cocon-os/sdfs/node';
import { openArtifact, stageArtifact } from '@cocon-os/updater';

import type { Config } from '../config/schema.ts';
import { openFileSource } from './file-source.ts';
import { alignUp, type PlannedPartition } from './layout.ts';
import { formatUuid } from './uuid.ts';

/** An artifact whose signature was verified. */
export interface VerifiedRelease {
  /** The artifact's file. */
  readonly path: string;
  readonly release: Release;
  /** SHA-256 of release.json, hexadecimal. */
  readonly digest: string;
}

/** A release in a slot. */
export interface InstalledRelease extends VerifiedRelease {
  readonly slot: number;
  readonly state: string;
}

/** What a volume is to be. */
export interface VolumeOptions {
  readonly slots: number;
  readonly groupBlocks: number;
  readonly label: string;
  /** 16 bytes. */
  readonly uuid: Uint8Array;
  readonly architecture: Architecture;
  readonly trustedKeys: readonly Uint8Array[];
  readonly progress: Progress;
}

const BLOCK = 4096;
/** Superblock A and the two rings, then superblock B behind the data (FORMAT.md §2). */
const SYSTEM_GROUPS = 4;
/** An update may be larger than what it replaces. */
const GROWTH = 2;
/** Nothing that is built twice may tell when it was built. */
const NO_TIME = 0;

/** Reads and verifies the releases before anything is written. Throws what `cocon-update stage` would. */
export async function openReleases(
  paths: readonly string[],
  architecture: Architecture,
  trustedKeys: readonly Uint8Array[],
): Promise<readonly VerifiedRelease[]> {
  const found: VerifiedRelease[] = [];
  for (const path of paths) {
    const source = await openFileSource(path);
    try {
      const { release } = await openArtifact(source, {
        crypto: nodeCrypto,
        architecture,
        trustedKeys,
        seek: true,
      });
      found.push({ path, release: release.release, digest: release.digest });
    } finally {
      source.close();
    }
  }
  return found;
}

/** Bytes for a volume that has room for twice the largest of `releases` in each slot. */
export function volumeBytes(
  releases: readonly VerifiedRelease[],
  { slots, groupBlocks }: Config['image']['volume'],
): number {
  const group = groupBlocks * BLOCK;
  const sizes = releases.map(({ release }) => {
    const blocks = releaseFiles(release).reduce((sum, { size }) => sum + alignUp(size, BLOCK), 0);
    return blocks + LIMITS.MAX_RELEASE_JSON + LIMITS.MAX_DESCRIPTOR_BLOCKS * BLOCK;
  });
  return (SYSTEM_GROUPS + (slots * alignUp(GROWTH * Math.max(...sizes), group)) / group) * group;
}

/** Formats the partition and installs the releases: the first is confirmed, the others are on trial. */
export async function writeVolume(
  disk: string,
  partition: PlannedPartition,
  releases: readonly VerifiedRelease[],
  options: VolumeOptions,
): Promise<readonly InstalledRelease[]> {
  const { slots, groupBlocks, label, architecture, trustedKeys, progress } = options;
  const file = openFileDevice(disk, 'write');
  try {
    const device = windowDevice(
      file,
      partition.offset,
      partition.sizeBytes,
      `${disk}, partition ${partition.name}`,
    );
    mkfs(device, { slots, groupBlocks, label, uuid: formatUuid(options.uuid), time: NO_TIME }, nodeCrypto);
    const volume = Volume.open(device);
    const installed: InstalledRelease[] = [];
    for (const [index, release] of releases.entries()) {
      const source = await openFileSource(release.path);
      try {
        const { slot } = await stageArtifact(volume, source, {
          crypto: nodeCrypto,
          architecture,
          trustedKeys,
          local: true,
          // What is confirmed here must not be replaced by what comes after it.
          runningSlot: installed[0]?.slot,
          force: false,
          time: NO_TIME,
          progress,
        });
        // A factory image has no version before it to fall back to, so its first release needs no trial.
        if (index === 0) commit(volume, slot, { time: NO_TIME });
        installed.push({ ...release, slot, state: volume.slot(slot).state });
      } finally {
        source.close();
      }
    }
    return installed;
  } finally {
    file.close();
  }
}
