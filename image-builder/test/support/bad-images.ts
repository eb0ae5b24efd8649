/** The zoo: images that are wrong in one way each. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import type { BuilderErrorCode } from '../../src/errors.ts';
import type { TarEntry } from '../../src/tar/write.ts';
import { entry, file, kernelLayer, tarOf, writeLayout, type LayerInput } from './layout.ts';
import { makePe } from './pe-image.ts';
import { sh } from './sh.ts';

/** What is wrong, the code it must have, and how to make it: the last gives what to call `cocon seal` with. */
export type BadImage = readonly [string, BuilderErrorCode, () => Promise<string>];

type Scratch = (name: string) => string;

const MIB = Buffer.alloc(2 ** 20);

/** Makes images on top of a layer with a kernel, in places that `scratch` gives. */
export function imageMaker(scratch: Scratch) {
  return {
    layoutWith: async (...layers: LayerInput[]): Promise<string> => {
      const directory = scratch('layout');
      writeLayout(directory, [{ tar: await kernelLayer() }, ...layers]);
      return directory;
    },
    layerOf: async (entries: readonly TarEntry[]): Promise<LayerInput> => ({ tar: await tarOf(entries) }),
    archiveOf: async (layout: string): Promise<string> => {
      const archive = scratch('image.tar');
      await sh('tar -C "$1" -cf "$2" oci-layout index.json blobs', layout, archive);
      return archive;
    },
  };
}

/** Files of a layout's blobs, the largest first. */
function blobFiles(layout: string): readonly string[] {
  const directory = join(layout, 'blobs/sha256');
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .toSorted((a, b) => statSync(b).size - statSync(a).size);
}

/** Every kind of bad image. Files are made in places that `scratch` gives. */
export function badImages(scratch: Scratch): readonly BadImage[] {
  const { layoutWith, layerOf, archiveOf } = imageMaker(scratch);
  return [
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
    [
      'a directory of something else',
      'INPUT_NOT_AN_IMAGE',
      async () => {
        const path = scratch('directory');
        mkdirSync(path);
        return path;
      },
    ],
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
      'a label that is no kernel command line',
      'MANIFEST_INVALID',
      async () => {
        const layout = scratch('layout');
        const execution = { Labels: { 'org.cocon-os.command-line': 'quiet "x"' } };
        writeLayout(layout, [{ tar: await kernelLayer() }], { execution });
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
      async () => layoutWith({ tar: (await tarOf([file('a', MIB)])).subarray(0, 5000) }),
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
    [
      'an absolute name with ..',
      'LAYER_ESCAPES',
      async () => layoutWith(await layerOf([file('/a/../etc/passwd')])),
    ],
    [
      'a hard link to an absolute target with ..',
      'LAYER_ESCAPES',
      async () => layoutWith(await layerOf([entry('shadow', 'link', { linkname: '/../etc/shadow' })])),
    ],
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
    ...['./', '/', ''].map((name): BadImage => [
      `a root that is a file ("${name}")`,
      'LAYER_ENTRY_INVALID',
      async () => layoutWith(await layerOf([file(name)])),
    ]),
    [
      'a lone block of zeros before an entry',
      'LAYER_NOT_A_TAR',
      async () => {
        const tar = await tarOf([file('a')]);
        return layoutWith({
          tar: Buffer.concat([tar.subarray(0, 1024), Buffer.alloc(512), await tarOf([file('b')])]),
        });
      },
    ],
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
}
