/** What goes into a layer: the members of its tar, from a directory that a build filled or from given entries. */
import { chmod, lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';

/** A member of a layer with its bytes within reach. */
export interface Member {
  /** Relative, without a slash at its end. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly what:
    | { readonly type: 'directory' }
    | { readonly type: 'symlink'; readonly target: string }
    /** Another name of a file of this layer; `target` is that file's path. */
    | { readonly type: 'link'; readonly target: string }
    | { readonly type: 'file'; readonly size: number; readonly read: () => Promise<Uint8Array> };
}

/** A file, directory or link that is given as it is. Paths are relative to the root. */
export type GivenEntry = { readonly path: string; readonly uid?: number; readonly gid?: number } & (
  | { readonly type: 'file'; readonly mode: number; readonly contents: string | Uint8Array }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }
);

const PERMISSIONS = 0o7777;
const DIRECTORY_MODE = 0o755;
const LINK_MODE = 0o777;
const OWNER_ONLY = 0o700;
/** OCI image-spec layer.md, "Whiteouts". */
const WHITEOUT = '.wh.';

/** By path, in the order of code units, so that a directory comes before what is in it. */
export function sortMembers(members: Iterable<Member>): readonly Member[] {
  return [...members].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The bytes of all files, each counted once however many names it has. */
export function fileBytesOf(members: readonly Member[]): number {
  return members.reduce((sum, { what }) => sum + (what.type === 'file' ? what.size : 0), 0);
}

/**
 * What lies under `root`, cut to the paths that begin with one of `prefixes`, sorted. Owner is 0:0 throughout.
 *
 * @throws SlicesError `OUTPUT_INVALID` for what no layer can carry
 */
export async function membersOfDirectory(
  root: string,
  prefixes: readonly string[],
): Promise<readonly Member[]> {
  const found: { member: Member; inode: string }[] = [];
  const walk = async (directory: string): Promise<void> => {
    for (const name of await reachable(join(root, directory), (place) => readdir(place))) {
      const path = join(directory, name);
      if (!isWanted(path, prefixes)) continue;
      const each = await memberAt(root, path);
      found.push(each);
      if (each.member.what.type === 'directory') await walk(path);
    }
  };
  await walk('');
  return linked(found);
}

/** The members whose paths begin with one of `prefixes`, and the directories above them. */
export function cutMembers(members: readonly Member[], prefixes: readonly string[]): readonly Member[] {
  return members.filter(({ path }) => isWanted(path, prefixes));
}

function isWanted(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => isBelow(path, prefix) || prefix.startsWith(`${path}/`));
}

/** Whether a path is a prefix's or lies below it. The prefix `''` takes all. */
export function isBelow(path: string, prefix: string): boolean {
  return prefix === '' || path === prefix || path.startsWith(`${prefix}/`);
}

/** Given entries, sorted. Directories above them that are not given get mode 755 and owner 0:0. */
export function membersOfEntries(entries: readonly GivenEntry[]): readonly Member[] {
  const members = new Map<string, Member>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..')) {
      throw new SlicesError(
        'OUTPUT_INVALID',
        `Cannot put "${entry.path}" into a layer: it is no plain relative path`,
        { hint: 'Write it like etc/cocon/keys, without a slash at either end.' },
      );
    }
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = parts.slice(0, depth).join('/');
      if (!members.has(path)) {
        members.set(path, { path, mode: DIRECTORY_MODE, uid: 0, gid: 0, what: { type: 'directory' } });
      }
    }
    const { path, uid = 0, gid = 0 } = entry;
    const mode = entry.type === 'symlink' ? LINK_MODE : entry.mode;
    members.set(path, { path, mode, uid, gid, what: contentOf(entry) });
  }
  return sortMembers(members.values());
}

function contentOf(entry: GivenEntry): Member['what'] {
  if (entry.type === 'directory') return { type: 'directory' };
  if (entry.type === 'symlink') return { type: 'symlink', target: entry.target };
  const bytes = Buffer.from(entry.contents);
  return { type: 'file', size: bytes.length, read: () => Promise.resolve(bytes) };
}

async function memberAt(root: string, path: string): Promise<{ member: Member; inode: string }> {
  const full = join(root, path);
  if (path.includes('\uFFFD')) throw refused(path, 'its name is not UTF-8', 'Have the build rename it.');
  if (basename(path).startsWith(WHITEOUT)) {
    throw refused(path, 'in a layer, that name removes what lower ones have', 'Rename or remove it.');
  }
  const stat = await lstat(full);
  const inode = `${stat.dev}:${stat.ino}`;
  const member = { path, mode: stat.mode & PERMISSIONS, uid: 0, gid: 0 };
  if (stat.isDirectory()) return { inode, member: { ...member, what: { type: 'directory' } } };
  if (stat.isSymbolicLink()) {
    const what = { type: 'symlink', target: await readlink(full) } as const;
    return { inode, member: { ...member, mode: LINK_MODE, what } };
  }
  if (stat.isFile()) {
    const what = {
      type: 'file',
      size: stat.size,
      read: () => reachable(full, (place) => readFile(place)),
    } as const;
    return { inode, member: { ...member, what } };
  }
  throw refused(
    path,
    'it is no file, directory or symbolic link',
    'Have the build remove it; devices and sockets come about on the running system.',
  );
}

/** What only root may read is opened to its owner first: layers come out the same for root and plain users. */
async function reachable<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    if (!hasCode(error, ['EACCES'])) throw error;
    await chmod(path, OWNER_ONLY);
    return read(path);
  }
}

/** Of several names of one file, the first in order is the file and the others are links to it. */
function linked(found: readonly { member: Member; inode: string }[]): readonly Member[] {
  const first = new Map<string, string>();
  const inodes = new Map(found.map(({ member, inode }) => [member.path, inode]));
  return sortMembers(found.map(({ member }) => member)).map((member) => {
    if (member.what.type !== 'file') return member;
    const inode = inodes.get(member.path) ?? member.path;
    const target = first.get(inode);
    if (target !== undefined) return { ...member, what: { type: 'link', target } };
    first.set(inode, member.path);
    return member;
  });
}

function refused(path: string, why: string, hint: string): SlicesError {
  return new SlicesError('OUTPUT_INVALID', `Cannot put "${path}" into a layer: ${why}`, { hint });
}
