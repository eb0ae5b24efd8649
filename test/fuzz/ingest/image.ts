/**
 * An input of the ingestion target: the first byte says which part of an image the rest is; the other parts are good and fit it.
 *
 * | first byte mod 5 | the rest |
 * |---|---|
 * | 0 | a layer's tar stream |
 * | 1 | the stored bytes of a gzip layer |
 * | 2 | the manifest |
 * | 3 | the configuration |
 * | 4 | the index that the image is chosen from |
 */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import { BuilderError, type ImageSource } from '@cocon-os/image-builder';

type Blob = { readonly mediaType: string; readonly digest: string; readonly size: number };

const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
/** What a gzip layer may unfold to. */
const LARGEST = 2 ** 20;

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The image of an input. */
export function imageOf(input: Uint8Array): ImageSource {
  const part = (input[0] ?? 0) % 5;
  const rest = input.subarray(1);
  const blobs = new Map<string, Uint8Array>();
  const put = (mediaType: string, bytes: Uint8Array): Blob => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  const stored = part < 2 ? rest : new Uint8Array(1024);
  const layer = put(part === 1 ? `${LAYER}+gzip` : LAYER, stored);
  const diffId = part === 1 ? digestOf(unfolded(stored)) : layer.digest;
  const goodConfig = json({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [diffId] },
  });
  const config = put(CONFIG, part === 3 ? rest : goodConfig);
  const goodManifest = json({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] });
  const manifest = put(MANIFEST, part === 2 ? rest : goodManifest);
  const candidates: readonly Blob[] = part === 4 ? [put(INDEX, rest)] : [manifest];
  return {
    name: 'fuzzed',
    candidates: () => Promise.resolve(candidates),
    open({ digest }) {
      const bytes = blobs.get(digest);
      if (bytes === undefined)
        return Promise.reject(
          new BuilderError('BLOB_MISSING', `Cannot read blob ${digest}`, { hint: 'It is not there.' }),
        );
      return Promise.resolve(pieces(bytes));
    },
    close: () => Promise.resolve(),
  };
}

function unfolded(stored: Uint8Array): Uint8Array {
  try {
    return gunzipSync(stored, { maxOutputLength: LARGEST });
  } catch {
    return new Uint8Array();
  }
}

/** In pieces that end anywhere. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0, length = 700; at < bytes.length; at += length, length += 333) {
    yield await Promise.resolve(bytes.subarray(at, at + length));
  }
}
