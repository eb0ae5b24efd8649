/** Every kind of bad image has a code of its own, a hint and exit status 1, and leaves no output behind. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { beforeAll, describe, expect, it } from 'vitest';

import type { BuilderErrorCode } from '../src/errors.ts';
import { cocon } from './support/cocon.ts';
import { entry, file, kernelLayer, putBlob, tarOf, writeLayout, type LayerInput } from './support/layout.ts';
import { makePe } from './support/pe-image.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();
let workplace: string;

beforeAll(async () => {
  workplace = scratch('workplace');
  mkdirSync(workplace);
  await cocon(workplace, 'keygen', 'release');
});

/** A layout whose last layer is `layer`, on top of one with a kernel. */
async function layoutWith(...layers: LayerInput[]): Promise<string> {
  const directory = scratch('layout');
  writeLayout(directory, [{ tar: await kernelLayer() }, ...layers]);
  return directory;
}

async function layerOf(...entries: Parameters<typeof tarOf>[0][]): Promise<LayerInput> {
  return { tar: await tarOf(entries.flatMap((each) => [...each])) };
}

function blobFiles(layout: string): readonly string[] {
  const directory = join(layout, 'blobs/sha256');
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
}

async function archiveOf(layout: string): Promise<string> {
  const archive = scratch('image.tar');
  await sh('tar -C "$1" -cf "$2" oci-layout index.json blobs', layout, archive);
  return archive;
}

const ZERO_MIB = Buffer.alloc(2 ** 20);
const THOUSAND_FILES = Array.from({ length: 1000 }, (_, index) => file(`file-${index}`, ''));

/** What is wrong, the code it must have, and how to make it. */
const CASES: readonly (readonly [string, BuilderErrorCode, () => Promise<string>])[] = [
  ['a path that is not there', 'INPUT_NOT_FOUND', async () => './nothing.oci'],
  ['a name that is neither path nor registry', 'INPUT_NOT_FOUND', async () => 'nothing'],
  ['a reference that is none', 'REFERENCE_INVALID', async () => 'docker://registry.example/UPPER:tag'],
  ['a digest that is none', 'DIGEST_INVALID', async () => 'docker://registry.example/name@sha256:12'],
  [
    'a file that is no tar archive',
    'ARCHIVE_INVALID',
    async () => {
      const path = scratch('noise');
      writeFileSync(path, createHash('sha512').update('noise').digest().toString('hex').repeat(100));
      return path;
    },
  ],
  [
    'an empty file',
    'ARCHIVE_INVALID',
    async () => {
      const path = scratch('empty');
      writeFileSync(path, '');
      return path;
    },
  ],
  [
    'a compressed archive',
    'ARCHIVE_INVALID',
    async () => {
      const archive = await archiveOf(await layoutWith());
      writeFileSync(archive, gzipSync(readFileSync(archive)));
      return archive;
    },
  ],
  [
    'an archive cut in the middle of a blob',
    'ARCHIVE_TRUNCATED',
    async () => {
      const archive = await archiveOf(await layoutWith());
      truncateSync(archive, 3000);
      return archive;
    },
  ],
  [
    'an archive cut between two files',
    'ARCHIVE_TRUNCATED',
    async () => {
      const archive = await archiveOf(await layoutWith());
      truncateSync(archive, 1024);
      return archive;
    },
  ],
  [
    'an archive of something else',
    'INPUT_NOT_AN_IMAGE',
    async () => {
      const path = scratch('other.tar');
      writeFileSync(path, await tarOf([file('readme')]));
      return path;
    },
  ],
  ['a directory of something else', 'INPUT_NOT_AN_IMAGE', async () => workplace],
  ['a reference that the layout does not name', 'IMAGE_NOT_FOUND', async () => `${await layoutWith()}:v9`],
  [
    'a layout without images',
    'IMAGE_NOT_FOUND',
    async () => {
      const layout = await layoutWith();
      writeFileSync(join(layout, 'index.json'), '{"schemaVersion":2,"manifests":[]}');
      return layout;
    },
  ],
  [
    'an index that is not JSON',
    'MANIFEST_INVALID',
    async () => {
      const layout = await layoutWith();
      writeFileSync(join(layout, 'index.json'), '{');
      return layout;
    },
  ],
  [
    'an index of another shape',
    'MANIFEST_INVALID',
    async () => {
      const layout = await layoutWith();
      writeFileSync(
        join(layout, 'index.json'),
        '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"md5:00","size":1}]}',
      );
      return layout;
    },
  ],
  [
    'an image for another processor',
    'IMAGE_WRONG_ARCHITECTURE',
    async () => {
      const layout = scratch('layout');
      writeLayout(layout, [{ tar: await kernelLayer() }], { architecture: 'arm64' });
      return layout;
    },
  ],
  [
    'a configuration of an unknown kind',
    'MEDIA_TYPE_UNKNOWN',
    async () => {
      const layout = scratch('layout');
      writeLayout(layout, [{ tar: await kernelLayer() }], { configMediaType: 'application/vnd.example' });
      return layout;
    },
  ],
  [
    'a layer of an unknown kind',
    'MEDIA_TYPE_UNKNOWN',
    async () => layoutWith({ tar: await tarOf([file('a')]), mediaType: 'application/x-lz4' }),
  ],
  [
    'fewer diff_ids than layers',
    'MANIFEST_INVALID',
    async () => {
      const layout = scratch('layout');
      writeLayout(layout, [{ tar: await kernelLayer() }], { diffIds: [] });
      return layout;
    },
  ],
  [
    'a diff_id that the layer does not have',
    'BLOB_WRONG_DIGEST',
    async () => {
      const layout = scratch('layout');
      writeLayout(layout, [{ tar: await kernelLayer() }], { diffIds: [`sha256:${'0'.repeat(64)}`] });
      return layout;
    },
  ],
  [
    'a layer that is missing',
    'BLOB_MISSING',
    async () => {
      const layout = await layoutWith();
      rmSync(blobFiles(layout)[0] ?? '');
      return layout;
    },
  ],
  [
    'a layer with one byte changed',
    'BLOB_WRONG_DIGEST',
    async () => {
      const layout = await layoutWith();
      const [path = ''] = blobFiles(layout);
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(1500) ^ 1, 1500);
      writeFileSync(path, bytes);
      return layout;
    },
  ],
  [
    'a layer that is too short',
    'BLOB_WRONG_DIGEST',
    async () => {
      const layout = await layoutWith();
      truncateSync(blobFiles(layout)[0] ?? '', 700);
      return layout;
    },
  ],
  [
    'a layer that is too long',
    'BLOB_WRONG_DIGEST',
    async () => {
      const layout = await layoutWith();
      writeFileSync(blobFiles(layout)[0] ?? '', 'more', { flag: 'a' });
      return layout;
    },
  ],
  [
    'a layer that is no tar stream',
    'LAYER_NOT_A_TAR',
    async () => layoutWith({ tar: Buffer.alloc(2048, 'x') }),
  ],
  [
    'a layer that was cut before its digest was taken',
    'LAYER_TRUNCATED',
    async () => layoutWith({ tar: (await tarOf([file('a', ZERO_MIB)])).subarray(0, 5000) }),
  ],
  [
    'a gzip layer that is none',
    'LAYER_CORRUPT',
    async () =>
      layoutWith({ tar: await tarOf([file('a')]), compression: 'gzip', stored: Buffer.from('no gzip') }),
  ],
  [
    'a zstd layer that is none',
    'LAYER_CORRUPT',
    async () =>
      layoutWith({ tar: await tarOf([file('a')]), compression: 'zstd', stored: Buffer.from('no zstd') }),
  ],
  [
    'a gzip layer whose stream was cut',
    'LAYER_TRUNCATED',
    async () => {
      const tar = await tarOf([file('a', createHash('sha512').update('a').digest())]);
      return layoutWith({ tar, compression: 'gzip', stored: gzipSync(tar).subarray(0, 100) });
    },
  ],
  [
    'a zstd layer whose stream was cut',
    'LAYER_TRUNCATED',
    async () => {
      const tar = await tarOf([file('a', createHash('sha512').update('a').digest())]);
      return layoutWith({ tar, compression: 'zstd', stored: zstdCompressSync(tar).subarray(0, 100) });
    },
  ],
  ['a name with ..', 'LAYER_ESCAPES', async () => layoutWith(await layerOf([file('../etc/passwd')]))],
  [
    'a name with .. in its middle',
    'LAYER_ESCAPES',
    async () => layoutWith(await layerOf([file('a/../../etc/passwd')])),
  ],
  ['an absolute name', 'LAYER_ESCAPES', async () => layoutWith(await layerOf([file('/etc/passwd')]))],
  [
    'a name behind a symbolic link that climbs out',
    'LAYER_ESCAPES',
    async () =>
      layoutWith(await layerOf([entry('out', 'symlink', { linkname: '../../tmp' }), file('out/file')])),
  ],
  [
    'a hard link out of the image',
    'LAYER_ESCAPES',
    async () => layoutWith(await layerOf([entry('shadow', 'link', { linkname: '../../etc/shadow' })])),
  ],
  [
    'a whiteout of the directory above',
    'LAYER_ESCAPES',
    async () => layoutWith(await layerOf([file('a/.wh...', '')])),
  ],
  [
    'a hard link to nothing',
    'LAYER_ENTRY_INVALID',
    async () => layoutWith(await layerOf([entry('a', 'link', { linkname: 'b' })])),
  ],
  [
    'a loop of symbolic links',
    'LAYER_ENTRY_INVALID',
    async () =>
      layoutWith(
        await layerOf([
          entry('a', 'symlink', { linkname: 'b' }),
          entry('b', 'symlink', { linkname: 'a' }),
          file('a/c'),
        ]),
      ),
  ],
  [
    'a file below a file',
    'LAYER_ENTRY_INVALID',
    async () => layoutWith(await layerOf([file('a'), file('a/b')])),
  ],
  ['a root that is a file', 'LAYER_ENTRY_INVALID', async () => layoutWith(await layerOf([file('./')]))],
  [
    'an owner over 32 bits',
    'LAYER_ENTRY_INVALID',
    async () => layoutWith(await layerOf([file('a', 'a', { uid: 2 ** 32 })])),
  ],
  [
    'a device number that Linux does not have',
    'LAYER_ENTRY_UNSUPPORTED',
    async () => layoutWith(await layerOf([entry('a', 'character-device', { major: 5000, minor: 1 })])),
  ],
  [
    'an image without a kernel',
    'KERNEL_MISSING',
    async () => {
      const layout = scratch('layout');
      writeLayout(layout, [{ tar: await tarOf([file('boot/readme')]) }]);
      return layout;
    },
  ],
  [
    'an image with two kernels',
    'KERNEL_AMBIGUOUS',
    async () => layoutWith(await layerOf([file('boot/vmlinuz-2', makePe())])),
  ],
  [
    'an image with two initrds',
    'INITRD_AMBIGUOUS',
    async () => layoutWith(await layerOf([file('boot/initrd.img'), file('boot/initrd.img-2')])),
  ],
  [
    'a kernel without an EFI stub',
    'KERNEL_NO_EFI_STUB',
    async () => layoutWith(await layerOf([file('boot/vmlinuz', Buffer.alloc(4096, 'x'))])),
  ],
  [
    'an empty kernel',
    'KERNEL_NO_EFI_STUB',
    async () => layoutWith(await layerOf([file('boot/vmlinuz', '')])),
  ],
  [
    'a PE image that is no EFI application',
    'KERNEL_NO_EFI_STUB',
    async () => layoutWith(await layerOf([file('boot/vmlinuz', makePe({ subsystem: 3 }))])),
  ],
  [
    'a kernel for another processor',
    'KERNEL_WRONG_ARCHITECTURE',
    async () => layoutWith(await layerOf([file('boot/vmlinuz', makePe({ machine: 0xaa64 }))])),
  ],
];

describe('cocon seal', () => {
  it.for(CASES)('refuses %s with %s', async ([, code, make]) => {
    const input = await make();
    const output = scratch('release.oci');
    const run = await cocon(workplace, 'seal', input, '--key', 'release.key', '-o', output, '--json');
    const { error } = JSON.parse(run.out) as { error: { code: string; hint: string | null } };
    expect(error.code).toBe(code);
    expect(error.hint).toMatch(/\.$/);
    expect(run.status).toBe(1);
    expect(existsSync(output)).toBe(false);
    expect(existsSync(`${output}.partial`)).toBe(false);
  });

  it.for([
    ['a bomb by its ratio', 'LAYER_BOMB', { ratio: 50 }, 'gzip'],
    ['a bomb by its ratio', 'LAYER_BOMB', { ratio: 50 }, 'zstd'],
    ['an image that is too large', 'LAYER_BOMB', { totalBytes: '32MiB' }, 'none'],
    ['too many entries', 'LAYER_TOO_MANY_ENTRIES', { entries: 900 }, 'none'],
  ] as const)('refuses %s with %s by the limits %o (%s)', async ([, code, limits, compression]) => {
    const zeros = file('zeros', '', { size: 80 * 2 ** 20, data: Array.from({ length: 80 }, () => ZERO_MIB) });
    const layout = await layoutWith({ tar: await tarOf([...THOUSAND_FILES, zeros]), compression });
    const directory = scratch('configured');
    mkdirSync(directory);
    writeFileSync(
      join(directory, 'cocon.config.ts'),
      `export default { seal: { limits: ${JSON.stringify(limits)} } };`,
    );
    const run = await cocon(directory, 'seal', layout, '--key', join(workplace, 'release.key'), '--json');
    expect(JSON.parse(run.out)).toMatchObject({ error: { code } });
    expect(run.status).toBe(1);
  });

  it('takes an index of many platforms and chooses the right one', async () => {
    const layout = await layoutWith(
      await layerOf([
        file('large', createHash('sha512').update('large').digest().toString('hex').repeat(64)),
      ]),
    );
    const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: object[] };
    const nested = putBlob(
      layout,
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          manifests: [
            {
              ...index.manifests[0],
              digest: `sha256:${'1'.repeat(64)}`,
              platform: { os: 'linux', architecture: 'arm64' },
            },
            { ...index.manifests[0], platform: { os: 'linux', architecture: 'amd64' } },
          ],
        }),
      ),
      'application/vnd.oci.image.index.v1+json',
    );
    writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [nested] }));
    const run = await cocon(workplace, 'seal', layout, '--key', 'release.key', '-o', scratch('release.oci'));
    expect(run.err).not.toContain('hint');
    expect(run.status).toBe(0);
  });

  it.for([
    ['no key', ['seal', 'image'], 'KEY_NOT_FOUND'],
    ['a key that is not there', ['seal', 'image', '--key', 'other.key'], 'KEY_NOT_FOUND'],
    ['a key that is none', ['seal', 'image', '--key', 'cocon.config.ts'], 'KEY_INVALID'],
    ['a public key', ['seal', 'image', '--key', 'release.pub'], 'KEY_INVALID'],
  ] as const)('refuses %s', async ([, args, code]) => {
    const directory = scratch('keys');
    mkdirSync(directory);
    await cocon(directory, 'keygen', 'release');
    writeFileSync(join(directory, 'cocon.config.ts'), 'export default {};');
    writeLayout(join(directory, 'image'), [{ tar: await kernelLayer() }]);
    const run = await cocon(directory, ...args, '--json');
    expect(JSON.parse(run.out)).toMatchObject({ error: { code } });
    expect(run.status).toBe(1);
  });
});
