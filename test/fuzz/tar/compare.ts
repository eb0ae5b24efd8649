/** What two readings of an archive differ in, in one line; nothing when they say the same. */
import type { ScannedEntry } from '../../../image-builder/src/tar/scan.ts';
import type { Archive } from './generate.ts';
import type { GoReading } from './go-judge.ts';
import type { OurReading } from './ours.ts';
import type { JudgedTree } from './tree-judges.ts';

/** A global header is an entry for Go. */
const GLOBAL = 'g';

/** Our entries and Go's: names, kinds, numbers, times, attributes, contents. */
export function differenceToGo(
  archive: Archive | undefined,
  ours: OurReading | undefined,
  go: GoReading,
): string | undefined {
  if (archive === undefined || ours === undefined) return 'we have no reading';
  const { bytes } = archive;
  const refused = [ours.error !== undefined, go.Error !== ''] as const;
  if (refused[0] && refused[1]) return undefined;
  if (refused[0]) return `we refuse (${ours.error}), Go does not`;
  if (refused[1]) return `Go refuses (${go.Error}), we do not`;
  const mine = ours.entries.map((entry) => JSON.stringify(fieldsOf(entry, bytes)));
  const theirs = go.Entries.filter(({ Flag }) => Flag !== GLOBAL).map((entry) =>
    JSON.stringify(fieldsOfGo(entry)),
  );
  if (mine.length !== theirs.length) return `we find ${mine.length} entries, Go ${theirs.length}`;
  const at = mine.findIndex((line, index) => line !== theirs[index]);
  return at < 0 ? undefined : `entry ${at + 1}: we ${mine[at]}, Go ${theirs[at]}`;
}

function fieldsOf(entry: ScannedEntry, bytes: Buffer): object {
  const { name, type, linkname, mode, uid, gid, mtime, xattrs, size, byteOffset } = entry;
  const isDevice = type === 'character-device' || type === 'block-device';
  return {
    name,
    type,
    linkname,
    mode,
    uid,
    gid,
    time: [mtime.seconds, mtime.nanoseconds],
    device: isDevice ? [entry.devmajor, entry.devminor] : [],
    xattrs: [...xattrs].map(([key, value]) => `${key}=${Buffer.from(value).toString('latin1')}`).toSorted(),
    contents: bytes.subarray(byteOffset, byteOffset + size).toString('latin1'),
  };
}

function fieldsOfGo(entry: GoReading['Entries'][number]): object {
  const type = TYPES[entry.Flag] ?? 'unknown';
  return {
    name: entry.Name,
    type,
    linkname: entry.Linkname,
    mode: entry.Mode,
    uid: entry.Uid,
    gid: entry.Gid,
    time: [entry.Seconds, entry.Nanoseconds],
    device: '34'.includes(entry.Flag) ? [entry.Devmajor, entry.Devminor] : [],
    xattrs: Object.entries(entry.Xattrs)
      .map(([key, value]) => `${Buffer.from(key, 'base64').toString('latin1')}=${value}`)
      .toSorted(),
    contents: entry.Contents,
  };
}

/** Go's own words for the flags; it turns a zero byte into one of them. */
const TYPES: Readonly<Record<string, ScannedEntry['type']>> = {
  0: 'file',
  1: 'link',
  2: 'symlink',
  3: 'character-device',
  4: 'block-device',
  5: 'directory',
  6: 'fifo',
  7: 'file',
  S: 'sparse',
};

/** Our tree and that of a program which unpacks: names, kinds, modes, owners, link targets, device numbers, contents. */
export function differenceOfTrees(
  ours: OurReading | undefined,
  judged: JudgedTree | undefined,
): string | undefined {
  if (ours === undefined || judged === undefined) return 'one of both has no reading';
  if (ours.tree === undefined) {
    return judged.error === undefined ? `we refuse (${ours.treeError}), it does not` : undefined;
  }
  if (judged.tree === undefined) return `it refuses (${judged.error}), we do not`;
  for (const path of new Set([...ours.tree.keys(), ...judged.tree.keys()])) {
    const [mine, theirs] = [ours.tree.get(path), judged.tree.get(path)];
    if (mine !== theirs) return `"${path}": we have ${mine}, it has ${theirs}`;
  }
  return undefined;
}
