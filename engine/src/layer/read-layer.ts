/** Reads a layer that was made here back into its members. */
import { readFile } from 'node:fs/promises';

import { extract, type Header } from 'tar-stream';

import type { Member } from './members.ts';

/** A member with its bytes at hand. */
export type ReadMember = Member & { readonly bytes: Uint8Array; readonly mtime: number };

/** The members in the order in which they stand in the tar. Throws what the file system and the tar reader throw. */
export async function readLayer(path: string): Promise<readonly ReadMember[]> {
  const tar = extract();
  tar.end(await readFile(path));
  const members: ReadMember[] = [];
  for await (const entry of tar) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
    members.push(memberOf(entry.header, Buffer.concat(chunks)));
  }
  return members;
}

/** The bytes of one file of a layer, or `undefined` when it has no such file. */
export async function readLayerFile(layer: string, path: string): Promise<Uint8Array | undefined> {
  return (await readLayer(layer)).find((member) => member.path === path)?.bytes;
}

function memberOf(header: Header, bytes: Uint8Array): ReadMember {
  const { name, mode, uid, gid, type, linkname, mtime } = header;
  return {
    path: name.replace(/\/$/, ''),
    mode,
    uid,
    gid,
    what: whatOf(type, linkname, bytes),
    bytes,
    mtime: mtime.getTime() / 1000,
  };
}

function whatOf(type: Header['type'], target: string, bytes: Uint8Array): Member['what'] {
  if (type === 'directory') return { type };
  if (type === 'symlink' || type === 'link') return { type, target };
  return { type: 'file', size: bytes.length, read: () => Promise.resolve(bytes) };
}
