/**
 * The store as other tools see it: `index.json` names an image of one layer for each output of each node's last build, as
 * `busybox@x86_64/runtime`, so that `skopeo copy oci:<store>:busybox@x86_64/runtime …` and its like can take them out.
 */
import { join } from 'node:path';

import { BUILD_TIME } from '../build-time.ts';
import { TARGET_NAMES } from '../define/target.ts';
import { exists } from '../files.ts';
import type { NodeId } from '../graph/graph.ts';
import { withLock } from '../lock.ts';
import { sha256Of } from '../stable-json.ts';
import { writeWhole, type Store, type StoredBuild, type StoredOutput } from './store.ts';

/** A descriptor (OCI image-spec descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Writes the index and the small blobs that it leads to. Two that do it at once take turns. */
export async function writeIndex(store: Store): Promise<void> {
  await withLock(
    join(store.directory, 'index.lock'),
    () => {},
    async () => {
      const manifests: Descriptor[] = [];
      for (const node of await store.nodes()) {
        const last = await store.last(node);
        const build = last === undefined ? undefined : await store.find(last.key);
        if (build === undefined) continue;
        for (const [name, output] of Object.entries(build.outputs)) {
          manifests.push(await imageOf(store, node, name, build, output));
        }
      }
      await writeWhole(join(store.directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
      const index = { schemaVersion: 2, mediaType: INDEX, manifests };
      await writeWhole(join(store.directory, 'index.json'), `${JSON.stringify(index)}\n`);
    },
  );
}

async function imageOf(
  store: Store,
  node: NodeId,
  name: string,
  { record }: StoredBuild,
  { digest, sizeBytes }: StoredOutput,
): Promise<Descriptor> {
  const created = new Date(BUILD_TIME * 1000).toISOString().replace('.000Z', 'Z');
  const config = await putJson(store, CONFIG, {
    created,
    architecture: TARGET_NAMES[record.platform === 'host' ? 'x86_64' : record.platform].oci,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digest] },
    history: [{ created, created_by: `${record.name} ${record.version} ${name}` }],
  });
  const manifest = await putJson(store, MANIFEST, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config,
    layers: [{ mediaType: LAYER, digest, size: sizeBytes }],
  });
  const annotations = {
    'org.opencontainers.image.ref.name': `${node}/${name}`,
    'org.opencontainers.image.title': record.name,
    'org.opencontainers.image.version': record.version,
  };
  return { ...manifest, annotations };
}

async function putJson(store: Store, mediaType: string, value: unknown): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${sha256Of(bytes)}`;
  const path = store.pathOf(digest);
  if (!(await exists(path))) await writeWhole(path, bytes);
  return { mediaType, digest, size: bytes.length };
}
