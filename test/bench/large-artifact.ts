/** A signed artifact of a given size, sealed by the production code from an image made here. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, type KeyObject } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { silentProgress } from '@cocon-os/cli';
import { checkConfig, findMkfsErofs, openInput, seal } from '@cocon-os/image-builder';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = 'application/vnd.oci.image';

/** Seals `bytes` of noise and `kernel` into `output`. Noise does not compress, so the artifact has about that size. */
export async function sealLargeArtifact(
  kernel: string,
  bytes: number,
  key: KeyObject,
  work: string,
  output: string,
): Promise<void> {
  const root = join(work, 'root');
  const layout = join(work, 'layout');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(root, 'boot'), { recursive: true });
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  copyFileSync(kernel, join(root, 'boot/vmlinuz'));
  writeFileSync(join(root, 'noise'), randomBytes(bytes));
  const tar = join(work, 'layer.tar');
  execFileSync('tar', ['-C', root, '-cf', tar, 'boot', 'noise']);

  const layer = blob(layout, tar, `${OCI}.layer.v1.tar`);
  const config = json(layout, work, `${OCI}.config.v1+json`, {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = json(layout, work, `${OCI}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config,
    layers: [layer],
  });
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  await seal(await openInput(layout), {
    config: checkConfig({ name: 'bench', seal: { compression: { algorithm: 'none' } } }),
    keys: [key],
    mkfsErofs: await findMkfsErofs(),
    output,
    progress: silentProgress,
  });
  rmSync(work, { recursive: true, force: true });
}

function json(layout: string, work: string, mediaType: string, value: object): Descriptor {
  const file = join(work, 'blob.json');
  writeFileSync(file, JSON.stringify(value));
  return blob(layout, file, mediaType);
}

function blob(layout: string, file: string, mediaType: string): Descriptor {
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
  const { size } = statSync(file);
  renameSync(file, join(layout, 'blobs/sha256', hash));
  return { mediaType, digest: `sha256:${hash}`, size };
}
