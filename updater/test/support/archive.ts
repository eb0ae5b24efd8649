/** Artifacts as archives, good ones by tar-stream and bad ones by changing what it wrote. */
import { buffer } from 'node:stream/consumers';

import { nodeCrypto } from '@cocon-os/sdfs/node';
import { pack } from 'tar-stream';

import { layoutArtifact } from '../../src/index.ts';
import type { TestRelease } from './release.ts';

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
