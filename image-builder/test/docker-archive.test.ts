/** Archives in Docker's format: of Docker itself, and as crane, kaniko, jib, bazel and nix write them. */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import type { TarEntry } from '../src/tar/write.ts';
import { entry, file, tarOf } from './support/layout.ts';
import { mergedTree } from './support/merged-tree.ts';
import { rawFile, rawPax } from './support/raw-tar.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();

const LAYERS = [
  [entry('etc/', 'directory'), file('etc/motd', 'hello'), file('zeros', Buffer.alloc(70_000))],
  [file('etc/.wh.motd', ''), file('new', 'new')],
] as const;
const TREE = ['. d 755', './etc d 755', './new f 644 new', `./zeros f 644 ${'\0'.repeat(70_000)}`];

interface Shape {
  /** A layer's bytes in the archive. */
  readonly pack?: (tar: Buffer) => Uint8Array;
  /** A layer's name in the archive, and in the list. */
  readonly nameOf?: (index: number) => string;
  readonly listedAs?: (index: number) => string;
  readonly diffIds?: readonly string[];
  readonly manifest?: object;
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function archiveOf(shape: Shape, more: readonly TarEntry[] = []): Promise<string> {
  const { pack = (tar) => tar, nameOf = (index) => `${index}.tar`, listedAs = nameOf } = shape;
  const tars = await Promise.all(LAYERS.map((entries) => tarOf(entries)));
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: shape.diffIds ?? tars.map((tar) => `sha256:${digestOf(tar)}`) },
  });
  const list = [
    {
      Config: 'config.json',
      RepoTags: ['os:v1'],
      Layers: tars.map((_, index) => listedAs(index)),
      ...shape.manifest,
    },
  ];
  const path = scratch('image.tar');
  const entries = [
    ...tars.map((tar, index) => file(nameOf(index), pack(tar))),
    file('config.json', config),
    file('manifest.json', JSON.stringify(list)),
    ...more,
  ];
  writeFileSync(path, await tarOf(entries));
  return `docker-archive:${path}`;
}

describe('docker-archive:', () => {
  it.for([
    ['plain', (tar) => tar],
    ['gzip', (tar) => gzipSync(tar)],
    ['zstd', (tar) => zstdCompressSync(tar)],
  ] as const satisfies readonly (readonly [string, (tar: Buffer) => Uint8Array])[])(
    'takes %s layers, whatever they are called',
    async ([, pack]) => {
      const nameOf = (index: number): string => `blobs/${index}.tar.gz`;
      expect(await mergedTree(await archiveOf({ pack, nameOf }))).toEqual(TREE);
    },
  );

  it.for([
    ['./', (index: number) => `./${index}.tar`, (index: number) => `${index}.tar`],
    ['/', (index: number) => `/${index}.tar`, (index: number) => `${index}.tar`],
    ['a list with ./', (index: number) => `${index}.tar`, (index: number) => `./${index}.tar`],
    [
      'names beyond ASCII',
      (index: number) => Buffer.from(`größe-${index}`).toString('latin1'),
      (index: number) => `größe-${index}`,
    ],
  ] as const)('finds layers by names with %s', async ([, nameOf, listedAs]) => {
    expect(await mergedTree(await archiveOf({ nameOf, listedAs }))).toEqual(TREE);
  });

  it.for(['gzip', 'plain'])('checks the diff_ids of %s layers over the plain bytes', async (packing) => {
    const shape: Shape = {
      pack: (tar) => (packing === 'gzip' ? gzipSync(tar) : tar),
      diffIds: ['0', '1'].map((digit) => `sha256:${digit.repeat(64)}`),
    };
    await expect(mergedTree(await archiveOf(shape))).rejects.toMatchObject({ code: 'BLOB_WRONG_DIGEST' });
  });

  it.for(['gzip', 'plain'])('says that the configuration lists fewer %s layers', async (packing) => {
    const [first] = await Promise.all(LAYERS.map((entries) => tarOf(entries)));
    const shape: Shape = {
      pack: (tar) => (packing === 'gzip' ? gzipSync(tar) : tar),
      diffIds: [`sha256:${digestOf(first ?? Buffer.alloc(0))}`],
    };
    await expect(mergedTree(await archiveOf(shape))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('it has 2 layers, its configuration lists 1') as unknown,
    });
  });

  it('finds a layer behind links to links, in any order', async () => {
    const link = (name: string, linkname: string): TarEntry => entry(name, 'symlink', { linkname });
    const listedAs = (index: number): string => `${index}/layer.tar`;
    const links = [
      link('0/layer.tar', '../first/layer.tar'),
      link('1/layer.tar', '../1.tar'),
      link('first/layer.tar', '../last/layer.tar'),
      link('last/layer.tar', '/0.tar'),
    ];
    expect(await mergedTree(await archiveOf({ listedAs }, links))).toEqual(TREE);
    expect(await mergedTree(await archiveOf({ listedAs }, links.toReversed()))).toEqual(TREE);
    const loop = [...links, link('last/layer.tar', '../first/layer.tar')];
    await expect(mergedTree(await archiveOf({ listedAs }, loop))).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
  });

  it('says what a layer is that it does not take', async () => {
    const pack = (input: Buffer): Uint8Array => execFileSync('xz', ['--stdout'], { input });
    await expect(mergedTree(await archiveOf({ pack }))).rejects.toMatchObject({
      code: 'MEDIA_TYPE_UNKNOWN',
      message: expect.stringContaining('it is compressed with xz') as unknown,
      hint: expect.stringContaining('skopeo copy') as unknown,
    });
  });

  it('takes null for lists, and finds no layer of an image that has none', async () => {
    const shape: Shape = { diffIds: [], manifest: { RepoTags: null, Layers: null, Parent: null } };
    expect(await mergedTree(await archiveOf(shape))).toEqual(['. d 755']);
  });

  it.for([
    ['gzip', (tar: Buffer) => gzipSync(tar)],
    ['zstd', (tar: Buffer) => zstdCompressSync(tar)],
    ['xz', (tar: Buffer) => execFileSync('xz', ['--stdout'], { input: tar })],
  ] as const)('says that the whole archive is compressed with %s', async ([compression, pack]) => {
    const path = scratch('image.tar.gz');
    writeFileSync(path, pack(await tarOf([file('manifest.json', '[]')])));
    await expect(mergedTree(path)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining(`it is compressed with ${compression}`) as unknown,
      hint: expect.stringContaining(`${compression} -dc`) as unknown,
    });
  });

  it('says that a file in the archive is sparse, whose blocks are not its contents', async () => {
    const path = scratch('sparse.tar');
    const sparse = rawPax([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
    ]);
    writeFileSync(path, Buffer.concat([sparse, rawFile('blob', 'x'), await tarOf([])]));
    await expect(mergedTree(path)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining('"blob" in it is a sparse file') as unknown,
    });
  });
});
