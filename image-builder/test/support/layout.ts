/** Image layouts made by hand, right or with one thing wrong. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { tarBytes, type TarEntry } from '../../src/tar/write.ts';
import { makePe } from './pe-image.ts';

/** A blob as a descriptor names it. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A layer: its tar stream, and how it is stored. */
export interface LayerInput {
  readonly tar: Uint8Array;
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** What is stored, if not the compressed tar stream. */
  readonly stored?: Uint8Array;
  readonly mediaType?: string;
}

/** How an image differs from a good one. */
export interface LayoutOptions {
  readonly architecture?: string;
  readonly reference?: string;
  readonly configMediaType?: string;
  readonly diffIds?: readonly string[];
  /** How the image is run: the configuration's `config`. */
  readonly execution?: unknown;
}

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

/** A whole tar archive in memory. */
export async function tarOf(entries: Iterable<TarEntry>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of tarBytes(entries)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A regular file. */
export function file(
  name: string,
  contents: string | Uint8Array = name,
  more: Partial<TarEntry> = {},
): TarEntry {
  const data = Buffer.from(contents);
  return { name, type: 'file', mode: 0o644, size: data.length, data: [data], ...more };
}

/** Anything without contents. */
export function entry(name: string, type: TarEntry['type'], more: Partial<TarEntry> = {}): TarEntry {
  return { name, type, mode: type === 'directory' ? 0o755 : 0o644, size: 0, ...more };
}

/** A layer that makes an image complete: a kernel that passes every check. */
export function kernelLayer(): Promise<Buffer> {
  return tarOf([entry('boot/', 'directory'), file('boot/vmlinuz', makePe())]);
}

/** Writes a blob into a layout and describes it. */
export function putBlob(directory: string, bytes: Uint8Array, mediaType: string): Blob {
  const hex = createHash('sha256').update(bytes).digest('hex');
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(directory, 'blobs/sha256', hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

/** Writes an image layout with one image into `directory`. Returns the manifest's blob. */
export function writeLayout(
  directory: string,
  layers: readonly LayerInput[],
  options: LayoutOptions = {},
): Blob {
  const {
    architecture = 'amd64',
    reference,
    configMediaType = 'application/vnd.oci.image.config.v1+json',
  } = options;
  const blobs = layers.map(({ tar, compression = 'none', stored, mediaType }) =>
    putBlob(
      directory,
      stored ?? compress(tar, compression),
      mediaType ?? LAYER_TYPE + (compression === 'none' ? '' : `+${compression}`),
    ),
  );
  const diffIds =
    options.diffIds ?? layers.map(({ tar }) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  const config = putJson(
    directory,
    {
      architecture,
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: diffIds },
      ...(options.execution === undefined ? {} : { config: options.execution }),
    },
    configMediaType,
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = putJson(directory, { schemaVersion: 2, mediaType, config, layers: blobs }, mediaType);
  const annotations =
    reference === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': reference } };
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, ...annotations }] }),
  );
  return manifest;
}

function putJson(directory: string, value: object, mediaType: string): Blob {
  return putBlob(directory, Buffer.from(JSON.stringify(value)), mediaType);
}

function compress(tar: Uint8Array, compression: 'none' | 'gzip' | 'zstd'): Uint8Array {
  if (compression === 'none') return tar;
  return compression === 'gzip' ? gzipSync(tar) : zstdCompressSync(tar);
}
