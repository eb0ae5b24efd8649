/**
 * Layers as tar streams in which nothing depends on when, where or by whom they were made: entries sorted by path, one
 * fixed time, owner 0:0 unless stated, no user names (OCI image-spec layer.md).
 */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { pack, type Pack } from 'tar-stream';

import { BUILD_TIME } from '../build/build-time.ts';
import type { LayerEntry } from '../define-slice.ts';
import { SlicesError } from '../errors.ts';

/** A layer's bytes, in order. */
export type LayerStream = AsyncGenerator<Uint8Array>;

/** A member of a layer with its bytes within reach. */
interface Member {
  /** Relative, without a slash at its end. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly what:
    | { readonly type: 'directory' }
    | { readonly type: 'symlink'; readonly target: string }
    | { readonly type: 'file'; readonly read: () => Promise<Uint8Array> };
}

const PERMISSIONS = 0o7777;
const PARENT_MODE = 0o755;
const LINK_MODE = 0o777;

/** The layer of what lies under `root`, cut to the paths that begin with one of `prefixes`. Owner is 0:0 throughout. */
export async function layerOfDirectory(root: string, prefixes: readonly string[]): Promise<LayerStream> {
  const members: Member[] = [];
  const walk = async (directory: string): Promise<void> => {
    for (const name of await readdir(join(root, directory))) {
      const path = join(directory, name);
      const inside = prefixes.some(
        (prefix) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`),
      );
      const above = prefixes.some((prefix) => prefix.startsWith(`${path}/`));
      if (!inside && !above) continue;
      const member = await memberAt(root, path);
      members.push(member);
      if (member.what.type === 'directory') await walk(path);
    }
  };
  await walk('');
  return tarOf(members);
}

/** The layer of given entries. Directories above them that are not given get mode 755 and owner 0:0. */
export function layerOfEntries(entries: readonly LayerEntry[]): LayerStream {
  const members = new Map<string, Member>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..')) {
      throw new SlicesError(
        'OUTPUT_INVALID',
        `Cannot put "${entry.path}" into a layer: it is no plain relative path`,
        {
          hint: 'Write it like etc/cocon/keys, without a slash at either end.',
        },
      );
    }
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = parts.slice(0, depth).join('/');
      if (!members.has(path))
        members.set(path, { path, mode: PARENT_MODE, uid: 0, gid: 0, what: { type: 'directory' } });
    }
    const { path, uid = 0, gid = 0 } = entry;
    const mode = entry.type === 'symlink' ? LINK_MODE : entry.mode;
    members.set(path, { path, mode, uid, gid, what: contentOf(entry) });
  }
  return tarOf([...members.values()]);
}

function contentOf(entry: LayerEntry): Member['what'] {
  if (entry.type !== 'file') return entry;
  const bytes = Buffer.from(entry.contents);
  return { type: 'file', read: () => Promise.resolve(bytes) };
}

async function memberAt(root: string, path: string): Promise<Member> {
  const full = join(root, path);
  const stat = await lstat(full);
  const mode = stat.mode & PERMISSIONS;
  const member = { path, mode, uid: 0, gid: 0 };
  if (stat.isDirectory()) return { ...member, what: { type: 'directory' } };
  if (stat.isSymbolicLink()) {
    return { ...member, mode: LINK_MODE, what: { type: 'symlink', target: await readlink(full) } };
  }
  if (stat.isFile()) {
    return { ...member, what: { type: 'file', read: () => readFile(full) } };
  }
  throw new SlicesError(
    'OUTPUT_INVALID',
    `Cannot put "${path}" into a layer: it is no file, directory or symbolic link`,
    {
      hint: 'Have the build remove it; devices and sockets come about on the running system.',
    },
  );
}

function tarOf(members: readonly Member[]): LayerStream {
  const sorted = members.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const tar = pack();
  void writeMembers(tar, sorted).then(
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

async function writeMembers(tar: Pack, members: readonly Member[]): Promise<void> {
  for (const { path, mode, uid, gid, what } of members) {
    const header = { name: path, mode, uid, gid, uname: '', gname: '', mtime: new Date(BUILD_TIME * 1000) };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (what.type === 'directory') tar.entry({ ...header, type: 'directory' }, done);
    else if (what.type === 'symlink') tar.entry({ ...header, type: 'symlink', linkname: what.target }, done);
    else tar.entry(header, await what.read(), done);
    await promise;
  }
}
