/**
 * The real loader, kernel and updater on a disk that logs each of their writes: stage, trial, commit and rollback. The log is
 * replayed up to every flush, and with parts of what came after it, as a loss of power leaves it; each disk is read by both
 * readers and booted by the loader's core, a few of them by the machine.
 */
import { boot } from '@cocon-os/native';
import { copyImage, defineMachine, fileDisk, makeScratch, readWriteLog, startMachine } from '@cocon-os/qemu';
import type { Disk, RunningMachine } from '@cocon-os/qemu';
import { openRelease, Volume } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { nativeDevice, rustVolume } from '../cross/rust-reader.ts';
import { seededRandom } from '../prove/random.ts';
import { sealFirstOs } from '../support/first-os.ts';
import { createReleaseKey, logPath, makeDisk } from '../support/releases.ts';
import { plainVolume } from '../vectors/plain.ts';
import { errorCode } from '../vectors/read.ts';
import { Guest } from './guest.ts';
import { DiskLog, LoggedPartition, type LoggedWrite } from './logged-disk.ts';

/** Random parts of the unflushed writes that are tried at each flush. */
const PARTS = 12;

const scratch = makeScratch('replay');
afterAll(() => scratch[Symbol.dispose]());
const key = createReleaseKey();
const system = scratch.file('system.img');
const start = scratch.file('start.img');
const log = scratch.file('writes.log');
let volume = { offset: 0, sizeBytes: 0 };

async function machineWith(name: string, disks: readonly Disk[]): Promise<RunningMachine> {
  return await startMachine(defineMachine({ name, memoryMiB: 256, disks, watchdog: 'i6300esb' }), {
    log: logPath(name),
  });
}

/** A disk after a loss of power. */
interface Cut {
  /** Writes that got through. */
  readonly writes: readonly LoggedWrite[];
  readonly at: string;
}

/** Every flush, and before each of them parts of what it made durable. */
function* cutsOf(path: string): Generator<Cut> {
  const random = seededRandom(1);
  const durable: LoggedWrite[] = [];
  let pending: LoggedWrite[] = [];
  for (const [index, request] of readWriteLog(path).entries()) {
    if (request.kind === 'write') pending.push({ ...request, kind: 'write' });
    if (request.kind !== 'flush' || pending.length === 0) continue;
    for (let part = 0; part < PARTS; part += 1) {
      const through = pending.filter(() => random.below(2) === 0);
      yield { writes: [...durable, ...through], at: `part ${part} of what request ${index} flushes` };
    }
    durable.push(...pending);
    pending = [];
    yield { writes: [...durable], at: `request ${index}` };
  }
}

beforeAll(async () => {
  const first = (await sealFirstOs(scratch.path, key, { version: '1' })).output;
  const second = (await sealFirstOs(scratch.path, key, { version: '2', variant: 'changed-userland' })).output;
  const { partitions } = await makeDisk([first], system, key);
  const found = partitions.find((each) => each.role === 'volume');
  if (found === undefined) throw new Error('the disk has no volume');
  volume = found;
  await copyImage(system, start);
  await using machine = await machineWith('replay', [{ path: system, writeLog: log }, fileDisk(second)]);
  const guest = new Guest(machine);
  await guest.booted();
  await guest.run('cocon-update stage /dev/vdb --progress none');
  guest.reboot();
  await guest.booted();
  await guest.run('cocon-update rollback');
  guest.reboot();
  await guest.booted();
  await guest.shutDown();
});

test('a loss of power at any flush of stage, trial, commit and rollback leaves release 1 or 2, whole', () => {
  using files = new DiskLog(start, log);
  const found: Record<string, number> = {};
  for (const { writes, at } of cutsOf(log)) {
    const device = new LoggedPartition(files, volume, writes);
    expect({ at, ...rustVolume(device) }).toEqual({
      at,
      value: plainVolume(Volume.open(device), errorCode),
    });
    const { started, log: said } = boot(nativeDevice(device), {
      trustedKeys: [key.publicKey],
      architecture: 'amd64',
      partitionUuid: '00000000-0000-4000-8000-000000000000',
      lastBoot: 'power-lost',
    });
    expect({ at, said, version: started?.version }).toMatchObject({
      version: expect.stringMatching(/^[12]$/),
    });
    const opened = Volume.open(device);
    const slot = opened.slot(started?.slot ?? -1);
    openRelease(
      opened.readFile(slot.index, 'release.json'),
      opened.readFile(slot.index, 'release.sig'),
      [key.publicKey],
      nodeCrypto,
    );
    const kind = `release ${started?.version}, ${slot.state}`;
    found[kind] = (found[kind] ?? 0) + 1;
  }
  process.stdout.write(`replayed: ${JSON.stringify(found)}\n`);
  // All stations of the way were met.
  expect(Object.keys(found).toSorted()).toEqual([
    'release 1, confirmed',
    'release 2, confirmed',
    'release 2, trial',
  ]);
});

test('a sample of those disks boots on the machine', async () => {
  using files = new DiskLog(start, log);
  const { offset, sizeBytes } = volume;
  const inVolume = ({ offset: at }: LoggedWrite): boolean => at >= offset && at < offset + sizeBytes;
  const cuts = [...cutsOf(log)].filter(({ writes }) => writes.some(inVolume));
  for (const place of [0.1, 0.5, 0.9]) {
    const { writes, at } = cuts[Math.floor(cuts.length * place)] ?? expect.unreachable();
    const image = scratch.file(`replayed-${String(place)}.img`);
    await copyImage(start, image);
    files.replayOnto(image, writes);
    await using machine = await machineWith(`replayed-${String(place)}`, [{ path: image }]);
    const { how } = await new Guest(machine).booted();
    expect({ at, how }).toEqual({ at, how: expect.stringMatching(/confirmed|trial/) });
  }
});
