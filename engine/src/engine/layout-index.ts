/**
 * The store as other tools see it: `index.json` names an image of one layer for each output of each node's last build, as
 * `busybox@x86_64/runtime`, so that `skopeo copy oci:<store>:busybox@x86_64/runtime …` and its like can take them out.
 */
import { join } from 'node:path';

import { TARGET_NAMES } from '../define/target.ts';
import { exists } from '../files.ts';
import type { NodeId } from '../graph/graph.ts';
import { CONFIG, CREATED, INDEX, LAYER, LAYOUT, MANIFEST, type Descriptor } from '../layer/oci.ts';
import { withLock } from '../lock.ts';
import { sha256Of } from '../stable-json.ts';
import { writeWhole, type Store, type StoredBuild, type StoredOutput } from './store.ts';

/** Writes the index and the small blobs that it leads to. Two that do it at once take turns. */
export async function writeIndex(store: Store): Promise<void> {
  await withLock(
    join(store.directory, 'index.lock'),
    () => {},
    async () => {
      const images = await imagesOf(store, await store.nodes());
      for (const { digest, bytes } of images.flatMap(({ blobs }) => blobs)) {
        if (!(await exists(store.pathOf(digest)))) await writeWhole(store.pathOf(digest), bytes);
      }
      const manifests = images.map(({ manifest }) => manifest);
      await writeWhole(join(store.directory, 'oci-layout'), LAYOUT);
      const index = { schemaVersion: 2, mediaType: INDEX, manifests };
      await writeWhole(join(store.directory, 'index.json'), `${JSON.stringify(index)}\n`);
    },
  );
}

/** What the index says of one output. */
export interface IndexedImage {
  readonly manifest: Descriptor;
  /** The small blobs that it leads to: configuration and manifest. */
  readonly blobs: readonly { readonly digest: string; readonly bytes: Uint8Array }[];
}

/** What the index has to say of the last builds of some nodes. */
export async function imagesOf(store: Store, nodes: readonly NodeId[]): Promise<readonly IndexedImage[]> {
  const images: IndexedImage[] = [];
  for (const node of nodes) {
    const last = await store.last(node);
    const build = last === undefined ? undefined : await store.find(last.key);
    for (const [name, output] of Object.entries(build?.outputs ?? {})) {
      if (build !== undefined) images.push(imageOf(node, name, build, output));
    }
  }
  return images;
}

function imageOf(
  node: NodeId,
  name: string,
  { record }: StoredBuild,
  { digest, sizeBytes }: StoredOutput,
): IndexedImage {
  const config = blobOf({
    created: CREATED,
    architecture: TARGET_NAMES[record.platform === 'host' ? 'x86_64' : record.platform].oci,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digest] },
    history: [{ created: CREATED, created_by: `${record.name} ${record.version} ${name}` }],
  });
  const manifest = blobOf({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: config.digest, size: config.bytes.length },
    layers: [{ mediaType: LAYER, digest, size: sizeBytes }],
  });
  const annotations = {
    'org.opencontainers.image.ref.name': `${node}/${name}`,
    'org.opencontainers.image.title': record.name,
    'org.opencontainers.image.version': record.version,
  };
  const described = { mediaType: MANIFEST, digest: manifest.digest, size: manifest.bytes.length };
  return { manifest: { ...described, annotations }, blobs: [config, manifest] };
}

function blobOf(value: unknown): { readonly digest: string; readonly bytes: Uint8Array } {
  const bytes = Buffer.from(JSON.stringify(value));
  return { digest: `sha256:${sha256Of(bytes)}`, bytes };
}
