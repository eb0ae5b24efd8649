/**
 * The disk as a loss of power leaves it. QEMU's log tells which writes a flush had made durable; of the others each is there,
 * lost or, within the volume, torn at a sector, by chance. What is left is checked as a whole.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { boot } from '@cocon-os/native';
import { copyImage, readWriteLog } from '@cocon-os/qemu';
import { fsck, Volume, type BlockDevice } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { DiskLog, LoggedPartition, type LoggedWrite } from '../boot/logged-disk.ts';
import { nativeDevice, rustVolume } from '../cross/rust-reader.ts';
import type { Random } from '../prove/random.ts';
import { plainVolume } from '../vectors/plain.ts';
import { errorCode } from '../vectors/read.ts';
import { BrickedError } from './bricked-error.ts';
import type { SoakedDevice } from './device.ts';

const SECTOR = 512;

/** What became of the writes to the volume that no flush had made durable. */
export type Losses = Record<'kept' | 'lost' | 'torn', number>;

/** A disk that holds. */
export interface DiskAfterCut {
  readonly losses: Losses;
  /** What the loader starts next. */
  readonly next: { readonly version: string; readonly trial: boolean };
  /** Versions of the releases that are confirmed or on trial. */
  readonly present: readonly string[];
}

/** Turns `start`, which is the disk before the cycle, into the disk after the cut. Throws {@link BrickedError}. */
export async function cutPower(
  { disk, volume, trustedKeys }: SoakedDevice,
  start: string,
  writeLog: string,
  random: Random,
): Promise<DiskAfterCut> {
  const { writes, losses } = survivors(writeLog, volume, random);
  await copyImage(start, disk);
  {
    using log = new DiskLog(start, writeLog);
    log.replayOnto(disk, writes);
  }
  using left = new DiskLog(disk, writeLog);
  const partition = new LoggedPartition(left, volume, []);
  return { losses, ...examine(partition, trustedKeys) };
}

/** The writes that got through. */
export function survivors(
  writeLog: string,
  volume: SoakedDevice['volume'],
  random: Random,
): { readonly writes: readonly LoggedWrite[]; readonly losses: Losses } {
  const durable: LoggedWrite[] = [];
  let pending: LoggedWrite[] = [];
  for (const request of hasFlushed(writeLog) ? readWriteLog(writeLog) : []) {
    if (request.kind === 'write') pending.push({ ...request, kind: 'write' });
    if (request.kind !== 'flush') continue;
    durable.push(...pending);
    pending = [];
  }
  const losses: Losses = { kept: 0, lost: 0, torn: 0 };
  const through = pending.flatMap((write): readonly LoggedWrite[] => {
    const isOfVolume = write.offset >= volume.offset && write.offset < volume.offset + volume.sizeBytes;
    const fate = (['kept', 'lost', 'torn'] as const)[random.below(isOfVolume ? 3 : 2)] ?? 'kept';
    if (isOfVolume) losses[fate] += 1;
    if (fate === 'lost') return [];
    if (fate === 'kept') return [write];
    return [{ ...write, length: random.below(write.length / SECTOR) * SECTOR }];
  });
  return { writes: [...durable, ...through], losses };
}

/** QEMU writes the head of its log with the first flush. Before, all writes are lost. */
function hasFlushed(writeLog: string): boolean {
  const head = new Uint8Array(8);
  const file = openSync(writeLog, 'r');
  readSync(file, head, 0, head.length, 0);
  closeSync(file);
  return head.some((byte) => byte !== 0);
}

/** Asks both readers, every rule of the format, every file's hash, and the loader's core. Throws {@link BrickedError}. */
export function examine(
  partition: BlockDevice,
  trustedKeys: readonly Uint8Array[],
): Omit<DiskAfterCut, 'losses'> {
  const volume = Volume.open(partition);
  const [ours, theirs] = [{ value: plainVolume(volume, errorCode) }, rustVolume(partition)];
  if (!isDeepStrictEqual(ours, theirs)) throw new BrickedError('the readers do not agree on the volume');
  const errors = fsck(partition, { crypto: nodeCrypto, deep: true }).filter(
    ({ severity }) => severity === 'error',
  );
  if (errors.length > 0)
    throw new BrickedError(errors.map(({ place, message }) => `${place}: ${message}`).join('\n'));
  const { started, log } = boot(nativeDevice(partition), {
    trustedKeys: [...trustedKeys],
    architecture: 'amd64',
    partitionUuid: '00000000-0000-4000-8000-000000000000',
    lastBoot: 'power-lost',
  });
  if (started === undefined) throw new BrickedError(`nothing boots any more:\n${log.join('\n')}`);
  if (started.lastResort)
    throw new BrickedError(`no slot is left but one that has failed:\n${log.join('\n')}`);
  return {
    next: { version: started.version, trial: started.attempt !== undefined },
    present: volume
      .liveSlots()
      .filter(({ state }) => state === 'confirmed' || state === 'trial')
      .map(({ index }) => versionOf(volume.readFile(index, 'release.json'))),
  };
}

function versionOf(releaseJson: Uint8Array): string {
  return (JSON.parse(new TextDecoder().decode(releaseJson)) as { version: string }).version;
}
