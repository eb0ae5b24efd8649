/** Artifacts as archives, good ones by tar-stream and bad ones by changing what it wrote. */
import { buffer } from 'node:stream/consumers';

import { nodeCrypto } from '@cocon-os/sdfs/node';
import { pack } from 'tar-stream';

import { blobPath, layoutArtifact } from '../../src/index.ts';
import { sha256, type TestRelease } from './release.ts';

/** A file of an archive. */
export interface ArchiveEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The files of a release's artifact in the order in which the image builder writes them. */
export function artifactEntries(built: TestRelease): ArchiveEntry[] {
  return layoutArtifact(built, nodeCrypto).entries.map(({ path, bytes, file }) => {
    const content = bytes ?? built.files.get(file ?? '');
    if (content === undefined) throw new Error(`no bytes for ${path}`);
    return { name: path, bytes: content };
  });
}

/** The archive of a release. */
export function artifactOf(built: TestRelease): Promise<Uint8Array> {
  return tarOf(artifactEntries(built));
}

/** A tar archive. */
export async function tarOf(entries: readonly ArchiveEntry[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { name, bytes } of entries) archive.entry({ name, mtime: new Date(0) }, bytes);
  archive.finalize();
  return new Uint8Array(await buffer(archive));
}

/** A JSON blob under its digest's name. */
export function jsonEntry(value: unknown): ArchiveEntry & { readonly sha256: string } {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const digest = sha256(bytes);
  return { name: blobPath(digest), bytes, sha256: digest };
}

/** The same entries with other bytes under one name. */
export function replaceEntry(
  entries: readonly ArchiveEntry[],
  name: string,
  bytes: Uint8Array,
): ArchiveEntry[] {
  return entries.map((entry) => (entry.name === name ? { name, bytes } : entry));
}

/** A descriptor as the tests change it. */
export interface LooseDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { architecture: string };
}

/** index.json of an archive, parsed. */
export function indexOf(entries: readonly ArchiveEntry[]): {
  schemaVersion: number;
  manifests: LooseDescriptor[];
} {
  return JSON.parse(textOf(entries, 'index.json'));
}

/** The manifest of an archive, parsed. */
export function manifestOf(entries: readonly ArchiveEntry[]): {
  artifactType: string;
  config: LooseDescriptor;
  layers: LooseDescriptor[];
} {
  return JSON.parse(textOf(entries, manifestPath(entries)));
}

/** The archive with its manifest changed, and index.json made to fit. */
export function withManifest(
  entries: readonly ArchiveEntry[],
  change: (manifest: ReturnType<typeof manifestOf>) => void,
): ArchiveEntry[] {
  const manifest = manifestOf(entries);
  change(manifest);
  const blob = jsonEntry(manifest);
  const index = indexOf(entries);
  const [first] = index.manifests;
  const manifests = [{ ...first, digest: `sha256:${blob.sha256}`, size: blob.bytes.length }];
  const old = manifestPath(entries);
  return replaceEntry(entries, 'index.json', jsonEntry({ ...index, manifests }).bytes).map((entry) =>
    entry.name === old ? { name: blob.name, bytes: blob.bytes } : entry,
  );
}

function manifestPath(entries: readonly ArchiveEntry[]): string {
  return blobPath(indexOf(entries).manifests[0]?.digest.slice('sha256:'.length) ?? '');
}

function textOf(entries: readonly ArchiveEntry[], name: string): string {
  return new TextDecoder().decode(entries.find((entry) => entry.name === name)?.bytes);
}
