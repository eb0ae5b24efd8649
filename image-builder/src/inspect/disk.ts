/** What a disk image or a volume holds: partitions, the loader's keys, the slots and their releases. */
import { readFile } from 'node:fs/promises';

import { makeScratch } from '@cocon-os/qemu';
import {
  checkTables,
  identify,
  identifyWithoutTable,
  isSdfsError,
  PARTITION_TYPE,
  readTables,
  SdfsError,
  Volume,
  windowDevice,
  type BlockDevice,
  type GptPartition,
  type PartitionTable,
  type Release,
  type Slot,
  type TableFinding,
} from '@cocon-os/sdfs';
import { openFileDevice } from '@cocon-os/sdfs/node';

import { MTOOLS_ENVIRONMENT } from '../disk/esp.ts';
import { ESP_PARTITION_TYPE } from '../disk/layout.ts';
import { BuilderError } from '../errors.ts';
import { keyId } from '../keys.ts';
import { runTool } from '../run-tool.ts';
import { readTrustedKeys } from '../trust-section.ts';
import { judgeSignature, signerIds, type SignatureVerdict } from './artifact.ts';

/** A slot in use. */
export interface InspectedSlot extends Pick<
  Slot,
  'index' | 'state' | 'priority' | 'attemptsLeft' | 'attemptsTotal'
> {
  readonly digest: string;
  readonly release: Release | null;
  readonly signedBy: readonly string[];
  readonly signature: SignatureVerdict;
  /** Code of what is wrong with the slot's files, if they cannot be read. */
  readonly fault: string | null;
}

/** A volume. */
export interface InspectedVolume {
  readonly uuid: string;
  readonly slotCount: number;
  readonly slots: readonly InspectedSlot[];
}

/** A disk, or a volume by itself, which then has no partitions. */
export interface InspectedDisk {
  readonly kind: 'disk' | 'volume';
  readonly sizeBytes: number;
  /** The partition table that was read, as the others cannot be used; `null` of a volume by itself. */
  readonly partitionTable: PartitionTable['table'] | null;
  /** As the table names them, those that reach beyond the disk as well. */
  readonly partitions: readonly GptPartition[];
  /** What a disk without a volume is besides, for example an ISO image. */
  readonly format: string | null;
  /** What is wrong with the partition tables. */
  readonly findings: readonly TableFinding[];
  /** Key ids that the loader on the disk trusts; `null` where there is no loader of ours. */
  readonly trustedKeys: readonly string[] | null;
  readonly volumes: readonly InspectedVolume[];
}

/** Paths of default loaders in a system partition. */
const LOADER_PATHS = ['BOOTX64.EFI', 'BOOTAA64.EFI', 'BOOTRISCV64.EFI', 'BOOTARM.EFI'];

/** Looks into the file; `undefined` when it is neither disk nor volume. Signatures are checked by `trustedKeys`, else by the loader's own. */
export async function inspectDisk(
  path: string,
  trustedKeys: readonly Uint8Array[],
): Promise<InspectedDisk | undefined> {
  const device = openFileDevice(path, 'read');
  try {
    const found = readTables(device);
    if (found === undefined) {
      const volume = readVolume(device, trustedKeys);
      return (
        volume && {
          kind: 'volume',
          sizeBytes: device.sizeBytes,
          partitionTable: null,
          partitions: [],
          format: null,
          findings: [],
          trustedKeys: null,
          volumes: [volume],
        }
      );
    }
    const { partitions } = found;
    const loaderKeys = await readLoaderKeys(path, partitions);
    const keys = trustedKeys.length > 0 ? trustedKeys : (loaderKeys ?? []);
    const volumes = partitions
      .filter(({ type }) => type === PARTITION_TYPE)
      .map(({ offset, sizeBytes, number }) =>
        readVolume(windowDevice(device, offset, sizeBytes, `${path}, partition ${number}`), keys),
      );
    const isOurs = [...partitions, ...found.cut].some(({ type }) => type === PARTITION_TYPE);
    return {
      kind: 'disk',
      format: isOurs ? null : (identify(device)?.name ?? null),
      sizeBytes: device.sizeBytes,
      partitionTable: found.table,
      partitions: [...partitions, ...found.cut].toSorted((a, b) => a.number - b.number),
      findings: checkTables(device, found).filter(({ severity }) => severity !== 'note'),
      trustedKeys: loaderKeys?.map((key) => Buffer.from(keyId(key)).toString('hex')) ?? null,
      volumes: volumes.filter((volume) => volume !== undefined),
    };
  } finally {
    device.close();
  }
}

function readVolume(device: BlockDevice, keys: readonly Uint8Array[]): InspectedVolume | undefined {
  let volume: Volume;
  try {
    volume = Volume.open(device);
  } catch (thrown) {
    if (isSdfsError(thrown, 'SDFS_BAD_MAGIC', 'SDFS_TOO_SMALL')) return undefined;
    throw thrown;
  }
  return {
    uuid: volume.superblock.volumeUuid,
    slotCount: volume.superblock.slotCount,
    slots: volume.liveSlots().map((slot) => readSlot(volume, slot, keys)),
  };
}

function readSlot(volume: Volume, slot: Slot, keys: readonly Uint8Array[]): InspectedSlot {
  const { index, state, priority, attemptsLeft, attemptsTotal, releaseDigest: digest } = slot;
  const facts = { index, state, priority, attemptsLeft, attemptsTotal, digest };
  try {
    const signature = volume.readFile(index, 'release.sig');
    const json = volume.readFile(index, 'release.json');
    return {
      ...facts,
      release: volume.release(index),
      signedBy: signerIds(signature),
      signature: judgeSignature(json, signature, keys),
      fault: null,
    };
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    return { ...facts, release: null, signedBy: [], signature: 'not checked', fault: thrown.code };
  }
}

/** An error that says what a file is that is neither disk, volume nor image, if that is known. */
export function foreignInput(path: string, cause: unknown): SdfsError | undefined {
  const device = openFileDevice(path, 'read');
  try {
    const format = identifyWithoutTable(device);
    if (format === undefined) return undefined;
    return new SdfsError('FOREIGN_FORMAT', `Cannot look into "${path}": it is ${format.name}`, {
      hint: format.hint,
      cause,
    });
  } finally {
    device.close();
  }
}

async function readLoaderKeys(
  disk: string,
  partitions: readonly GptPartition[],
): Promise<readonly Uint8Array[] | undefined> {
  const esp = partitions.find(({ type }) => type === ESP_PARTITION_TYPE);
  if (esp === undefined) return undefined;
  using scratch = makeScratch('inspect');
  try {
    for (const name of LOADER_PATHS) {
      const file = scratch.file(name);
      const copied = await copyOut(`${disk}@@${esp.offset}`, `::/EFI/BOOT/${name}`, file);
      if (copied) return readTrustedKeys(await readFile(file), name);
    }
    return undefined;
  } catch (thrown) {
    // Another loader than ours is none of our business.
    if (thrown instanceof BuilderError && thrown.code === 'LOADER_INVALID') return undefined;
    throw thrown;
  }
}

async function copyOut(image: string, path: string, file: string): Promise<boolean> {
  const purpose = 'read the EFI system partition';
  return runTool({
    program: 'mcopy',
    packageName: 'mtools',
    purpose,
    environment: MTOOLS_ENVIRONMENT,
    args: ['-i', image, path, file],
    writes: file,
  }).then(
    () => true,
    (thrown: unknown) => {
      if (thrown instanceof BuilderError && thrown.code === 'TOOL_FAILED') return false;
      throw thrown;
    },
  );
}
