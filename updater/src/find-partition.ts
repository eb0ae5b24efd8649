/**
 * From a GPT partition UUID to a block device, by what the kernel says in /sys/class/block.
 *
 * Kernels from 6.13 on write `PARTUUID=` into a partition's uevent; older ones do not, and the partition tables of the
 * disks are read instead. Two disks with one UUID (a cloned card) are told apart by the device-mapper table that the
 * loader composed: the partition below the map called "sdfs" is the one that runs.
 */
import { findPartitions, isSdfsError } from '@cocon-os/sdfs';

import { UpdaterError } from './errors.ts';
import type { Platform } from './platform.ts';
import { decodeText } from './text.ts';

const BLOCK_CLASS = '/sys/class/block';
const MAX_UEVENT = 4096;
/** Name of the whole volume's map (FORMAT.md §9). */
const VOLUME_MAP = 'sdfs';

type Uevent = ReadonlyMap<string, string>;

/** A partition, and those that could be taken for it. */
export interface FoundPartition {
  /** Its node, for example `/dev/vda2`. */
  readonly path: string;
  /** Node of the disk that it is a partition of, for example `/dev/vda`; `undefined` where the kernel does not tell. */
  readonly disk: string | undefined;
  /** Nodes of others with the same UUID. */
  readonly twins: readonly string[];
}

/** The partition with that UUID. `VOLUME_NOT_FOUND`, `VOLUME_AMBIGUOUS`. */
export function findPartition(platform: Platform, partitionUuid: string): FoundPartition {
  const names = platform.listDirectory(BLOCK_CLASS) ?? [];
  const uevents = new Map(names.map((name) => [name, readUevent(platform, name)]));
  const partitions = names.filter((name) => uevents.get(name)?.get('DEVTYPE') === 'partition');
  const told = partitions.filter((name) => uevents.get(name)?.has('PARTUUID') === true);
  const found =
    told.length > 0
      ? told.filter((name) => uevents.get(name)?.get('PARTUUID')?.toLowerCase() === partitionUuid)
      : names
          .filter((name) => uevents.get(name)?.get('DEVTYPE') === 'disk')
          .flatMap((disk) => partitionsInTable(platform, disk, partitionUuid, uevents));
  const [first, second] = found;
  if (first === undefined) {
    throw new UpdaterError(
      'VOLUME_NOT_FOUND',
      `Cannot find the volume: no disk has a partition ${partitionUuid}`,
      {
        hint: 'Name it: --volume /dev/<partition>.',
      },
    );
  }
  const running =
    second === undefined ? first : found.find((name) => isBelowVolumeMap(platform, names, name));
  if (running === undefined) {
    throw new UpdaterError(
      'VOLUME_AMBIGUOUS',
      `Cannot choose the volume: ${found.join(' and ')} both have the UUID ${partitionUuid}`,
      {
        hint: 'Take the cloned disk out, or name the volume: --volume /dev/<partition>.',
      },
    );
  }
  const twins = found.filter((name) => name !== running).map((name) => devicePath(name, uevents));
  const disk = names.find(
    (name) =>
      uevents.get(name)?.get('DEVTYPE') === 'disk' &&
      (platform.listDirectory(`${BLOCK_CLASS}/${name}`) ?? []).includes(running),
  );
  return {
    path: devicePath(running, uevents),
    disk: disk === undefined ? undefined : devicePath(disk, uevents),
    twins,
  };
}

function readUevent(platform: Platform, name: string): Uevent {
  const text =
    decodeText(platform.readFile(`${BLOCK_CLASS}/${name}/uevent`, MAX_UEVENT) ?? new Uint8Array(0)) ?? '';
  return new Map(
    text
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );
}

function partitionsInTable(
  platform: Platform,
  disk: string,
  partitionUuid: string,
  uevents: ReadonlyMap<string, Uevent>,
): readonly string[] {
  const children = (platform.listDirectory(`${BLOCK_CLASS}/${disk}`) ?? []).filter((name) =>
    uevents.has(name),
  );
  if (children.length === 0) return [];
  const numbers = tableNumbers(platform, devicePath(disk, uevents), partitionUuid);
  return children.filter((name) => numbers.has(Number(uevents.get(name)?.get('PARTN'))));
}

/** Numbers of the partitions with that UUID. A disk that cannot be read has none: another one may hold the volume. */
function tableNumbers(platform: Platform, path: string, partitionUuid: string): ReadonlySet<number> {
  try {
    const device = platform.openDevice(path, 'read');
    try {
      const entries = findPartitions(device)?.partitions ?? [];
      return new Set(entries.filter((entry) => entry.uuid === partitionUuid).map((entry) => entry.number));
    } finally {
      device.close();
    }
  } catch (thrown) {
    if (isSdfsError(thrown)) return new Set();
    throw thrown;
  }
}

function isBelowVolumeMap(platform: Platform, names: readonly string[], partition: string): boolean {
  const map = names.find((name) => {
    const title = platform.readFile(`${BLOCK_CLASS}/${name}/dm/name`, MAX_UEVENT);
    return title !== undefined && decodeText(title)?.trim() === VOLUME_MAP;
  });
  return (
    map !== undefined && (platform.listDirectory(`${BLOCK_CLASS}/${map}/slaves`) ?? []).includes(partition)
  );
}

function devicePath(name: string, uevents: ReadonlyMap<string, Uevent>): string {
  return `/dev/${uevents.get(name)?.get('DEVNAME') ?? name}`;
}
