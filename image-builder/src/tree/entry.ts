/** A layer's entry as it counts: names taken from the image's root, and everything checked that a file system limits. */
import { BuilderError } from '../errors.ts';
import { encodePax, readable } from '../tar/pax.ts';
import type { ScannedEntry } from '../tar/scan.ts';
import type { Inode, Metadata } from './inode.ts';

/** A path from the root, without "." and empty parts. */
export type Path = readonly string[];

/** An entry: something new, or another name of something that is there. */
export type LayerEntry =
  | { readonly kind: 'inode'; readonly path: Path; readonly inode: Inode }
  | { readonly kind: 'hard-link'; readonly path: Path; readonly target: Path };

const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;
/**
 * What attributes may take in the archive handed to mkfs.erofs: it reads extended headers of up to
 * 32 KiB, and a path, a link's target and numbers may be in them as well.
 */
const MAX_XATTR_BYTES = 24_000;
/** Largest id and device number that the archive handed to mkfs.erofs and the kernel take. */
const MAX_ID = 0xffff_fffe;
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xf_ffff;

/**
 * Reads an entry; `spoolStart` is where the layer's tar stream begins in the spool. `layer` names it in errors.
 * Throws `LAYER_ESCAPES`, `LAYER_ENTRY_INVALID` and `LAYER_ENTRY_UNSUPPORTED`.
 */
export function readEntry(entry: ScannedEntry, spoolStart: number, layer: string): LayerEntry {
  const path = splitPath(entry.name, layer);
  return entry.type === 'link'
    ? { kind: 'hard-link', path, target: splitPath(entry.linkname, layer) }
    : { kind: 'inode', path, inode: readInode(entry, spoolStart, layer) };
}

function readInode(entry: ScannedEntry, spoolStart: number, layer: string): Inode {
  const { name } = entry;
  assertIds(entry, layer);
  const { mode, uid, gid, mtime } = entry;
  const metadata: Metadata = { mode, uid, gid, mtime, xattrs: sortedAttributes(entry, layer) };
  switch (entry.type) {
    case 'file':
      return { ...metadata, type: 'file', offset: spoolStart + entry.byteOffset, size: entry.size };
    case 'directory':
      return { ...metadata, type: 'directory', children: new Map() };
    case 'symlink': {
      const target = entry.linkname;
      if (target === '' || target.length >= MAX_PATH_BYTES) {
        throw invalid('a symbolic link whose target is empty or too long', name, layer);
      }
      return { ...metadata, mode: 0o777, type: 'symlink', target };
    }
    case 'character-device':
    case 'block-device': {
      const { devmajor: major, devminor: minor } = entry;
      if (!within(major, MAX_MAJOR) || !within(minor, MAX_MINOR)) {
        throw unsupported(`a device with the number ${major}:${minor}`, name, layer);
      }
      return { ...metadata, type: entry.type, major, minor };
    }
    case 'fifo':
      return { ...metadata, type: 'fifo' };
    case 'sparse':
      throw unsupported('a sparse file', name, layer);
    case 'link':
    case 'unknown':
      throw unsupported('an entry of an unknown type', name, layer);
  }
}

/**
 * Splits a name from a layer, or the target of a hard link. It counts from the image's root, however it begins: whole
 * builders write `/`, `./` or nothing in front. Throws `LAYER_ESCAPES` when it has a ".." in it.
 */
export function splitPath(name: string, layer: string): Path {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw escapes(name, 'its name has a ".." in it', layer);
  if (name.length >= MAX_PATH_BYTES || parts.some((part) => part.length > MAX_NAME_BYTES)) {
    throw invalid('a name that is too long', name.slice(0, 64), layer);
  }
  return parts;
}

/** The error for a layer that reaches out of the image. */
export function escapes(name: string, why: string, layer: string): BuilderError {
  return new BuilderError(
    'LAYER_ESCAPES',
    `Cannot apply layer ${layer}: entry "${readable(name)}" leaves the image: ${why}`,
    {
      hint: 'Do not trust this image. Names in a layer must stay below its root.',
    },
  );
}

/** The error for an entry that makes no sense. */
export function invalid(what: string, name: string, layer: string): BuilderError {
  return new BuilderError(
    'LAYER_ENTRY_INVALID',
    `Cannot apply layer ${layer}: entry "${readable(name)}" is ${what}`,
    {
      hint: 'The layer is broken. Build the image again.',
    },
  );
}

function unsupported(what: string, name: string, layer: string): BuilderError {
  return new BuilderError(
    'LAYER_ENTRY_UNSUPPORTED',
    `Cannot apply layer ${layer}: entry "${readable(name)}" is ${what}`,
    {
      hint: 'Build the layer with plain files, directories, links, devices and pipes only (tar --format=pax, without --sparse).',
    },
  );
}

function tooManyAttributes(name: string, bytes: number, layer: string): BuilderError {
  return new BuilderError(
    'LAYER_ENTRY_UNSUPPORTED',
    `Cannot apply layer ${layer}: entry "${readable(name)}" has ${bytes} bytes of extended attributes, at most ${MAX_XATTR_BYTES} can be written`,
    { hint: 'Look at them with getfattr -d -m -, and keep long ones in a file.' },
  );
}

function assertIds({ name, uid, gid }: ScannedEntry, layer: string): void {
  for (const [what, id] of [
    ['owner', uid],
    ['group', gid],
  ] as const) {
    if (!within(id, MAX_ID)) {
      throw invalid(`one whose ${what} is ${id}, not a number from 0 to ${MAX_ID}`, name, layer);
    }
  }
}

function sortedAttributes({ name, xattrs }: ScannedEntry, layer: string): ReadonlyMap<string, Uint8Array> {
  const sorted = [...xattrs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const { length } = encodePax(sorted.map(([key, value]) => [`SCHILY.xattr.${key}`, value]));
  if (length > MAX_XATTR_BYTES) throw tooManyAttributes(name, length, layer);
  return new Map(sorted);
}

function within(value: number, limit: number): boolean {
  return value >= 0 && value <= limit;
}
