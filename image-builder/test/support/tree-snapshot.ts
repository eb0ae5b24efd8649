/** All that is observable of a directory tree, as text that can be compared. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

import { sh } from './sh.ts';

/** Path to description: type, mode, owner, contents, target or device number, hard links, time, attributes. */
export type TreeSnapshot = Readonly<Record<string, string>>;

/**
 * Looks at everything below `root`. Times are left out for directories: an unpacker's clock stands in those that the
 * layers do not list.
 */
export async function snapshotTree(root: string): Promise<TreeSnapshot> {
  const attributes = await extendedAttributes(root);
  const firstNames = new Map<number, string>();
  const found: Record<string, string> = {};
  const visit = (name: string): void => {
    const path = join(root, name);
    const stats = lstatSync(path);
    const first = stats.isDirectory() ? name : (firstNames.get(stats.ino) ?? name);
    firstNames.set(stats.ino, first);
    found[name] = [
      first === name ? what(path, stats) : `link to ${first}`,
      (stats.mode & 0o7777).toString(8),
      `${stats.uid}:${stats.gid}`,
      stats.isDirectory() ? '' : lstatSync(path, { bigint: true }).mtimeNs,
      attributes.get(name) ?? '',
    ].join(' ');
    if (stats.isDirectory()) for (const child of readdirSync(path).toSorted()) visit(join(name, child));
  };
  visit('.');
  return found;
}

function what(path: string, stats: Stats): string {
  if (stats.isFile()) return `file ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
  if (stats.isSymbolicLink()) return `symlink ${readlinkSync(path)}`;
  if (stats.isCharacterDevice()) return `character device ${deviceNumber(stats.rdev)}`;
  if (stats.isBlockDevice()) return `block device ${deviceNumber(stats.rdev)}`;
  if (stats.isFIFO()) return 'fifo';
  return stats.isDirectory() ? 'directory' : 'unknown';
}

function deviceNumber(device: number): string {
  return `${(device >> 8) & 0xfff}:${(device & 0xff) | ((device >> 12) & 0xfff00)}`;
}

async function extendedAttributes(root: string): Promise<ReadonlyMap<string, string>> {
  const output = await sh(
    'cd "$1"; getfattr --recursive --physical --no-dereference --dump --match=- --encoding=hex .',
    root,
  );
  const found = new Map<string, string>();
  for (const block of output.split('\n\n')) {
    const [head = '', ...lines] = block.trim().split('\n');
    const name = /^# file: (.*)$/.exec(head)?.[1];
    if (name !== undefined) found.set(unescapeName(name), lines.toSorted().join(','));
  }
  return found;
}

/** getfattr writes bytes outside of ASCII as octal escapes. */
function unescapeName(name: string): string {
  const bytes = name.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
