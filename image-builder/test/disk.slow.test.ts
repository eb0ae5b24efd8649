/** Disk images: what is on them by foreign tools' word, and that nothing but their contents decides their bytes. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { readTrustedKeys } from '../src/trust-section.ts';
import { readPublicKey } from '../src/keys.ts';
import { cocon, mustRun } from './support/cocon.ts';
import { entry, file, tarOf, writeLayout } from './support/layout.ts';
import { makeLoader, makePe } from './support/pe-image.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();
const MIB = 2 ** 20;

let workplace: string;

/** A workplace with a key, two releases and a loader. */
async function prepare(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'loader.efi'), makeLoader());
  const layer = await tarOf([
    entry('etc/', 'directory'),
    file('etc/data', Buffer.alloc(100_000, 'abc'), { mtime: { seconds: 1, nanoseconds: 5 } }),
  ]);
  const kernel = makePe({ sections: { '.text': Buffer.alloc(3.5 * MIB, 'kernel') } });
  writeLayout(join(directory, 'image'), [
    { tar: await tarOf([file('boot/vmlinuz', kernel)]) },
    { tar: layer, compression: 'gzip' },
  ]);
}

async function sealTwice(directory: string): Promise<void> {
  for (const version of ['1', '2']) {
    const run = await cocon(
      directory,
      'seal',
      'image',
      '--key',
      'release.key',
      '--release-version',
      version,
      '-o',
      `${version}.oci`,
    );
    expect(run.err).not.toContain('hint');
  }
}

const IMAGE = ['image', '1.oci', '2.oci', '--trusted-key', 'release.pub', '--loader', 'loader.efi'] as const;

beforeAll(async () => {
  workplace = scratch('workplace');
  await prepare(workplace);
  await cocon(workplace, 'keygen', 'release');
  await sealTwice(workplace);
  await mustRun(workplace, ...IMAGE, '-o', 'disk.img');
});

const disk = (): string => join(workplace, 'disk.img');

describe('cocon image', () => {
  it('writes a partition table that sgdisk finds no fault with, aligned to 4 MiB', async () => {
    expect(await sh('sgdisk --verify "$1"', disk())).toContain('No problems found');
    const table = JSON.parse(await sh('sfdisk --json "$1"', disk())) as {
      partitiontable: { partitions: { start: number; size: number; type: string; name: string }[] };
    };
    const { partitions } = table.partitiontable;
    expect(partitions.map(({ name, type }) => [name, type])).toEqual([
      ['esp', 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'],
      ['cocon-system', 'C0C05DF5-5D2B-4F3C-9A5E-7D1F4E0A6B21'],
      ['cocon-data', '0FC63DAF-8483-4772-8E79-3D69D8477DE4'],
    ]);
    for (const { start, size } of partitions)
      expect([(start * 512) % (4 * MIB), (size * 512) % (4 * MIB)]).toEqual([0, 0]);
  });

  it('puts nothing but the loader on the system partition, with the keys that it is to trust', async () => {
    const listing = await sh('mdir -b -/ -i "$1@@4M" ::', disk());
    expect(listing.trim().split('\n')).toEqual(['::/EFI/', '::/EFI/BOOT/', '::/EFI/BOOT/BOOTX64.EFI']);
    const copy = scratch('loader.efi');
    await sh('mcopy -i "$1@@4M" ::/EFI/BOOT/BOOTX64.EFI "$2"', disk(), copy);
    expect(await sh('fsck.vfat -n "$1"', await partitionFile(0))).toMatch(/\d+ files, /);
    expect(readTrustedKeys(readFileSync(copy), 'copy')).toEqual([
      await readPublicKey(join(workplace, 'release.pub')),
    ]);
  });

  it('makes an ext4 file system for data that e2fsck finds no fault with', async () => {
    const partition = await partitionFile(2);
    expect(await sh('e2fsck -fn "$1" 2>&1; e2label "$1"', partition)).toMatch(/cocon-data\n$/);
  });

  it('confirms the first release and puts the second on trial', async () => {
    const run = await cocon(workplace, 'inspect', 'disk.img', '--json');
    const report = JSON.parse(run.out) as { volumes: { slots: object[] }[] };
    expect(report.volumes[0]?.slots).toMatchObject([
      { index: 0, state: 'confirmed', signature: 'verified', release: { version: '1' }, fault: null },
      {
        index: 1,
        state: 'trial',
        attemptsLeft: 3,
        attemptsTotal: 3,
        signature: 'verified',
        release: { version: '2' },
      },
    ]);
  });

  it('leaves holes where nothing is', async () => {
    const [size = 0, allocated = 0] = (await sh('stat -c "%s %b" "$1"', disk())).split(' ').map(Number);
    expect(size).toBeGreaterThan(100 * MIB);
    expect(allocated * 512).toBeLessThan(16 * MIB);
  });

  it('and cocon seal give the same bytes in another directory', async () => {
    const other = scratch('a/rather/different/place');
    await prepare(other);
    for (const name of ['release.key', 'release.pub']) copyFileSync(join(workplace, name), join(other, name));
    await sealTwice(other);
    expect((await cocon(other, ...IMAGE, '-o', 'other-name.img')).status).toBe(0);
    for (const [ours, theirs] of [
      ['1.oci', '1.oci'],
      ['2.oci', '2.oci'],
      ['disk.img', 'other-name.img'],
    ] as const) {
      expect([ours, digest(join(other, theirs))]).toEqual([ours, digest(join(workplace, ours))]);
    }
  });

  it('follows uuid in the configuration and nothing else for its identifiers', async () => {
    const uuid = '11111111-2222-3333-4444-555555555555';
    const first = await uuidsFor({ uuid });
    expect(await uuidsFor({ uuid, volume: { label: 'other', slots: 4 } })).toBe(first);
    expect(await uuidsFor({ uuid: '11111111-2222-3333-4444-555555555556' })).not.toBe(first);
  });

  it('has other identifiers with another volume on it, of the same size', async () => {
    const sizeBytes = '32MiB';
    const volumes = [{}, { label: 'other' }, { slots: 4 }].map((volume) => ({ sizeBytes, ...volume }));
    const seen = new Set<string>();
    for (const volume of [...volumes, ...volumes]) seen.add(await uuidsFor({ volume }));
    expect(seen.size).toBe(volumes.length);
  });

  it.for([
    ['a release of another key', 'RELEASE_UNTRUSTED', ['1.oci', '--trusted-key', 'other.pub']],
    ['the same release twice', 'RELEASE_PRESENT', ['1.oci', '1.oci', '--trusted-key', 'release.pub']],
    [
      'more releases than slots',
      'DISK_TOO_SMALL',
      ['1.oci', '2.oci', '3.oci', '--trusted-key', 'release.pub', '--config', 'one-too-many.ts'],
    ],
    ['a release that is not there', 'INPUT_NOT_FOUND', ['9.oci', '--trusted-key', 'release.pub']],
    [
      'a volume that is too small',
      'VOLUME_FULL',
      ['1.oci', '--trusted-key', 'release.pub', '--config', 'small.ts'],
    ],
    [
      'a volume that is much too small',
      'SDFS_TOO_SMALL',
      ['1.oci', '--trusted-key', 'release.pub', '--config', 'tiny.ts'],
    ],
    [
      'a system partition that is too small',
      'DISK_TOO_SMALL',
      ['1.oci', '--trusted-key', 'release.pub', '--config', 'esp.ts'],
    ],
    [
      'a loader that is not there',
      'LOADER_NOT_FOUND',
      ['1.oci', '--trusted-key', 'release.pub', '--loader', 'nothing.efi'],
    ],
    [
      'a loader that is none',
      'LOADER_INVALID',
      ['1.oci', '--trusted-key', 'release.pub', '--loader', 'kernel.efi'],
    ],
    [
      'an image that is not sealed',
      'ARTIFACT_UNKNOWN_MEDIA_TYPE',
      ['image.tar', '--trusted-key', 'release.pub'],
    ],
    ['an archive that was cut', 'ARTIFACT_TRUNCATED', ['cut.oci', '--trusted-key', 'release.pub']],
  ] as const)('refuses %s with %s', async ([, code, args]) => {
    if (!existsSync(join(workplace, 'other.pub'))) {
      await cocon(workplace, 'keygen', 'other');
      writeFileSync(join(workplace, 'kernel.efi'), makePe());
      writeFileSync(
        join(workplace, 'one-too-many.ts'),
        'export default { image: { volume: { slots: 2 } } };',
      );
      writeFileSync(
        join(workplace, 'small.ts'),
        'export default { image: { volume: { slots: 2, groupBlocks: 64, sizeBytes: "4MiB" } } };',
      );
      writeFileSync(
        join(workplace, 'tiny.ts'),
        'export default { image: { volume: { sizeBytes: "8MiB" } } };',
      );
      writeFileSync(join(workplace, 'esp.ts'), 'export default { image: { espBytes: "1MiB" } };');
      await sh('tar -C "$1/image" -cf "$1/image.tar" oci-layout index.json blobs', workplace);
      copyFileSync(join(workplace, '1.oci'), join(workplace, 'cut.oci'));
      truncateSync(join(workplace, 'cut.oci'), 9000);
    }
    const more = args.some((each) => each === '--loader') ? [] : ['--loader', 'loader.efi'];
    const run = await cocon(workplace, 'image', ...args, ...more, '-o', 'refused.img', '--json');
    expect(JSON.parse(run.out)).toMatchObject({ error: { code } });
    expect(run.status).toBe(1);
    expect(existsSync(join(workplace, 'refused.img'))).toBe(false);
    expect(readdirSync(workplace).filter((name) => name.includes('.draft-'))).toEqual([]);
  });
});

describe('cocon inspect', () => {
  it('says of a sealed release who signed it, and whether that holds', async () => {
    const report = async (...args: string[]): Promise<object> =>
      JSON.parse((await cocon(workplace, 'inspect', '1.oci', ...args, '--json')).out) as object;
    await cocon(workplace, 'keygen', 'stranger');
    expect(await report()).toMatchObject({
      artifacts: [{ kind: 'release', release: { signature: 'not checked', release: { version: '1' } } }],
    });
    expect(await report('--key', 'release.pub')).toMatchObject({
      artifacts: [{ release: { signature: 'verified' } }],
    });
    expect(await report('--key', 'stranger.pub')).toMatchObject({
      artifacts: [{ release: { signature: 'RELEASE_UNTRUSTED' } }],
    });
  });

  it('reads an image that is not sealed', async () => {
    const run = await cocon(workplace, 'inspect', 'image', '--json');
    expect(JSON.parse(run.out)).toMatchObject({
      artifacts: [{ kind: 'image', release: null, blobs: [{}, {}, {}] }],
    });
  });

  it('says that a disk has lost its primary partition table', async () => {
    copyFileSync(disk(), join(workplace, 'lost.img'));
    await sh('dd if=/dev/zero of="$1" bs=512 seek=1 count=1 conv=notrunc 2>&1', join(workplace, 'lost.img'));
    const report = async (image: string): Promise<object> =>
      JSON.parse((await cocon(workplace, 'inspect', image, '--json')).out) as object;
    expect(await report('disk.img')).toMatchObject({ partitionTable: 'primary' });
    expect(await report('lost.img')).toMatchObject({ partitionTable: 'backup', volumes: [{}] });
    expect((await cocon(workplace, 'inspect', 'lost.img')).out).toContain(
      'the primary partition table is lost',
    );
  });

  it('says of a disk that is larger or shorter than its image what is wrong with it, and reads it', async () => {
    const copied = async (name: string, size: string): Promise<string> => {
      copyFileSync(disk(), join(workplace, name));
      await sh('truncate -s "$2" "$1"', join(workplace, name), size);
      return (await cocon(workplace, 'inspect', name)).out;
    };
    expect(await copied('larger.img', '+512M')).toContain('[BACKUP_TABLE_MISPLACED]');
    await sh(
      'dd if=/dev/zero of="$1" bs=512 seek=1 count=33 conv=notrunc 2>&1',
      join(workplace, 'larger.img'),
    );
    const { out } = await cocon(workplace, 'inspect', 'larger.img', '--json');
    expect(JSON.parse(out)).toMatchObject({
      partitionTable: 'displaced',
      volumes: [{ slots: [{ state: 'confirmed', signature: 'verified' }, {}] }],
      findings: [{ code: 'PARTITION_TABLE_LOST' }, { code: 'BACKUP_TABLE_MISPLACED' }],
    });
    expect(await copied('shorter.img', '-512')).toContain('512 B shorter than its partition table says');
    expect(await copied('cut.img', '-8M')).toContain('partition 3 (cocon-data) ends 4 MiB beyond its end');
  });

  it('says what a file is that is no disk, and the way to one', async () => {
    await sh(
      'qemu-img convert -O qcow2 "$1" "$2"; gzip -1c "$1" >"$3"',
      disk(),
      join(workplace, 'disk.qcow2'),
      join(workplace, 'disk.img.gz'),
    );
    for (const [name, what, hint] of [
      ['disk.qcow2', 'qcow2', 'qemu-img convert -f qcow2 -O raw'],
      ['disk.img.gz', 'gzip', 'gzip -dc'],
    ] as const) {
      const { status, err } = await cocon(workplace, 'inspect', name);
      expect([status, err.includes('[FOREIGN_FORMAT]'), err.includes(what), err.includes(hint)]).toEqual([
        1,
        true,
        true,
        true,
      ]);
    }
  });

  it('refuses an artifact with one byte changed', async () => {
    const bytes = readFileSync(join(workplace, '1.oci'));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 5000) ^ 1, bytes.length - 5000);
    writeFileSync(join(workplace, 'changed.oci'), bytes);
    const run = await cocon(workplace, 'inspect', 'changed.oci', '--json');
    expect(JSON.parse(run.out)).toMatchObject({ error: { code: 'BLOB_WRONG_DIGEST' } });
  });
});

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** A partition of the disk, cut out into a file. */
async function partitionFile(index: number): Promise<string> {
  const table = await sh('sfdisk --json "$1"', disk());
  const { partitions } = (
    JSON.parse(table) as { partitiontable: { partitions: { start: number; size: number }[] } }
  ).partitiontable;
  const { start, size } = partitions[index] ?? { start: 0, size: 0 };
  const partition = scratch('partition');
  await sh(
    'dd if="$1" of="$2" bs=1M iflag=skip_bytes,count_bytes skip="$3" count="$4" status=none',
    disk(),
    partition,
    String(start * 512),
    String(size * 512),
  );
  return partition;
}

/** The identifiers of a disk without data, with those settings of `image`. */
async function uuidsFor(image: object): Promise<string> {
  const config = scratch('with-uuid.ts');
  writeFileSync(config, `export default { image: ${JSON.stringify({ ...image, data: false })} };`);
  const { out } = await cocon(
    workplace,
    'image',
    '1.oci',
    '--config',
    config,
    '--trusted-key',
    'release.pub',
    '--loader',
    'loader.efi',
    '-o',
    'uuid.img',
    '--json',
  );
  return JSON.stringify(
    (JSON.parse(out) as { partitions: { uuid: string }[] }).partitions.map((each) => each.uuid),
  );
}
