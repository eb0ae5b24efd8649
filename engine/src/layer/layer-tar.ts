/**
 * Layers as tar streams in which nothing depends on when, where or by whom they were made: entries sorted by path, one
 * fixed time, owner 0:0 unless stated, no user names (OCI image-spec layer.md).
 */
import { pack, type Pack } from 'tar-stream';

import { BUILD_TIME } from '../build-time.ts';
import { sortMembers, type Member } from './members.ts';

/** A layer's bytes, in order. */
export type LayerStream = AsyncGenerator<Uint8Array>;

/** The layer of its members. */
export function layerOf(members: readonly Member[]): LayerStream {
  const tar = pack();
  void writeMembers(tar, sortMembers(members)).then(
    () => tar.finalize(),
    (cause: unknown) => tar.destroy(cause instanceof Error ? cause : new Error(String(cause))),
  );
  return bytesOf(tar);
}

async function* bytesOf(tar: Pack): LayerStream {
  for await (const chunk of tar) {
    if (chunk instanceof Uint8Array) yield chunk;
  }
}

/** `S_IFREG`. tar-stream takes a mode of 0 for none and writes 644 or 755; this bit it takes, and writes the low twelve. */
const IS_GIVEN = 0o100000;

async function writeMembers(tar: Pack, members: readonly Member[]): Promise<void> {
  for (const { path, mode: low, uid, gid, what } of members) {
    const mode = low | IS_GIVEN;
    const header = { name: path, mode, uid, gid, uname: '', gname: '', mtime: new Date(BUILD_TIME * 1000) };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (what.type === 'file') tar.entry({ ...header, type: 'file' }, await what.read(), done);
    else if (what.type === 'directory') tar.entry({ ...header, type: 'directory' }, done);
    else tar.entry({ ...header, type: what.type, linkname: what.target }, done);
    await promise;
  }
}
