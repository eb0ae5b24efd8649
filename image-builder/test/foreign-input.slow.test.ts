/** The key acceptance: what umoci and skopeo made seals into what `umoci unpack` makes of it, file by file. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { extractErofs } from './support/erofs.ts';
import { makeForeignImage, type ForeignImage } from './support/foreign-image.ts';
import { mustRun } from './support/cocon.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';
import { snapshotTree, type TreeSnapshot } from './support/tree-snapshot.ts';

const scratch = scratchDirectory();
let image: ForeignImage;
let expected: TreeSnapshot;
let kernel: Buffer;
let workplace: string;

beforeAll(async () => {
  image = await makeForeignImage(scratch('foreign'));
  kernel = readFileSync(`${image.expected}/boot/vmlinuz`);
  const { 'boot/vmlinuz': taken, ...rest } = await snapshotTree(image.expected);
  if (taken === undefined) throw new Error('umoci unpacked no kernel');
  expected = rest;
  workplace = scratch('workplace');
  await mkdir(workplace);
  await mustRun(workplace, 'keygen', 'release');
});

/** Seals `input` and unpacks the artifact with foreign tools. */
async function sealAndUnpack(
  input: string,
  ...options: readonly string[]
): Promise<{ root: TreeSnapshot; artifact: string; layout: string }> {
  const artifact = scratch('release.oci');
  await mustRun(workplace, 'seal', input, '--key', 'release.key', '-o', artifact, ...options);
  const layout = scratch('layout');
  await sh('skopeo copy --quiet "oci-archive:$1" "oci:$2:copy"', artifact, layout);
  const root = scratch('root');
  await extractErofs(blobOf(layout, 'application/vnd.cocon.rootfs.v1'), root);
  return { root: await snapshotTree(root), artifact, layout };
}

/** Path of the blob of that media type in a layout of one manifest. */
function blobOf(layout: string, mediaType: string): string {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[];
  };
  const path = (digest = ''): string => join(layout, 'blobs', digest.replace(':', '/'));
  const manifest = JSON.parse(readFileSync(path(index.manifests[0]?.digest), 'utf8')) as {
    layers: { mediaType: string; digest: string }[];
  };
  return path(manifest.layers.find((layer) => layer.mediaType === mediaType)?.digest);
}

describe('cocon seal of a foreign image', () => {
  it('gives the tree of umoci unpack, from a layout with gzip layers', async () => {
    const { root, layout } = await sealAndUnpack(`oci:${image.gzip}`);
    expect(root).toEqual(expected);
    expect(readFileSync(blobOf(layout, 'application/vnd.cocon.kernel.v1')).equals(kernel)).toBe(true);
  });

  it('gives the same artifact from zstd layers, an oci-archive and a docker-archive', async () => {
    const { artifact } = await sealAndUnpack(image.gzip);
    const bytes = readFileSync(artifact);
    for (const input of [
      `oci:${image.zstd}`,
      `oci-archive:${image.archive}`,
      image.archive,
      `docker-archive:${image.dockerArchive}`,
    ]) {
      const other = await sealAndUnpack(input);
      expect({ input, same: readFileSync(other.artifact).equals(bytes) }).toEqual({ input, same: true });
    }
  });

  it('keeps the expected tree worth comparing: every kind of entry is in it', () => {
    const text = Object.values(expected).join('\n');
    for (const kind of [
      'file ',
      'link to ',
      'symlink ',
      'character device 1:3',
      'character device 0:0',
      'block device 7:300',
      'directory ',
      'user.test',
      'security.capability',
      '300000:4000000',
    ]) {
      expect(text).toContain(kind);
    }
    expect(Object.keys(expected)).toContain('gone/shown');
    expect(Object.keys(expected)).not.toContain('gone/keep');
    expect(Object.keys(expected)).not.toContain('etc/opaque/a');
  });
});
