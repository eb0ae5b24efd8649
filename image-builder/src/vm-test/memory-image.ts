/** An OCI image of one layer, in memory, for what is sealed without ever having been an image. */
import { createHash } from 'node:crypto';

import type { Descriptor } from '../oci/descriptor.ts';
import { missingBlob, type ImageSource } from '../oci/image-source.ts';
import { CONFIG_TYPES, MANIFEST_TYPES } from '../oci/media-types.ts';
import { tarBytes, type TarEntry } from '../tar/write.ts';

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

/** The image of `entries` for `architecture`; `name` is what errors call it. */
export async function memoryImage(
  name: string,
  architecture: string,
  entries: Iterable<TarEntry>,
): Promise<ImageSource> {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of tarBytes(entries)) pieces.push(piece);
  const layer = put(LAYER_TYPE, Buffer.concat(pieces));
  const rootfs = { type: 'layers', diff_ids: [layer.digest] };
  const config = put(CONFIG_TYPES[0] ?? '', json({ architecture, os: 'linux', rootfs }));
  const manifest = put(MANIFEST_TYPES[0] ?? '', json({ schemaVersion: 2, config, layers: [layer] }));
  return {
    name,
    candidates: async () => [manifest],
    async open({ digest }) {
      const bytes = blobs.get(digest);
      if (bytes === undefined) throw missingBlob(name, digest);
      return (async function* () {
        yield bytes;
      })();
    },
    close: async () => {},
  };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
