/** The merged tree of an image: what the root file system will hold. File contents stay in the spool. */

/** Seconds and nanoseconds since 1970; nanoseconds 0 … 999,999,999. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What every inode has. `mode` is permissions with setuid, setgid and sticky bit, without the type. */
export interface Metadata {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  /** Full names ("security.capability") to raw values. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** A directory. Names are byte strings: one character per byte, as on the disk. */
export interface Directory extends Metadata {
  readonly type: 'directory';
  readonly children: Map<string, Link>;
}

/** A regular file; its bytes are `size` bytes of the spool from `offset`. */
export interface RegularFile extends Metadata {
  readonly type: 'file';
  readonly offset: number;
  readonly size: number;
}

/** A symbolic link; `target` is a byte string. */
export interface Symlink extends Metadata {
  readonly type: 'symlink';
  readonly target: string;
}

/** A device node. */
export interface Device extends Metadata {
  readonly type: 'character-device' | 'block-device';
  readonly major: number;
  readonly minor: number;
}

/** A named pipe. */
export interface Fifo extends Metadata {
  readonly type: 'fifo';
}

/** Anything a name can stand for. Names that share one object are hard links of each other. */
export type Inode = Directory | RegularFile | Symlink | Device | Fifo;

/** A name in a directory. */
export interface Link {
  inode: Inode;
  /** Number of the last layer that named it or something below it; whiteouts spare what their own layer brought. */
  layer: number;
}

/** A new, empty directory of root's, as it is made where a layer leaves a parent out. */
export function emptyDirectory(): Directory {
  return {
    type: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    xattrs: new Map(),
    children: new Map(),
  };
}

/** The names of a directory in byte order. */
export function sortedChildren(directory: Directory): readonly (readonly [string, Inode])[] {
  return [...directory.children]
    .map(([name, link]) => [name, link.inode] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
