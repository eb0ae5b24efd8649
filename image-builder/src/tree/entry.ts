/** A layer's entry as it counts: names split, PAX records and old header fields brought together and checked. */
import { BuilderError } from '../errors.ts';
import { latin1, readable, type PaxRecords } from '../tar/pax.ts';
import type { ScannedHeader } from '../tar/scan.ts';
import type { Inode, Metadata, Timestamp } from './inode.ts';

/** A path from the root, without "." and empty parts. */
export type Path = readonly string[];

/** An entry: something new, or another name of something that is there. */
export type LayerEntry =
  | { readonly kind: 'inode'; readonly path: Path; readonly inode: Inode }
  | { readonly kind: 'hard-link'; readonly path: Path; readonly target: Path };

const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;
const MAX_XATTR_BYTES = 64 * 1024;
/** Largest id and device number that the archive handed to mkfs.erofs and the kernel take. */
const MAX_ID = 0xffff_fffe;
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xf_ffff;
const XATTR_PREFIX = 'SCHILY.xattr.';

/**
 * Reads an entry; `spoolStart` is where the layer's tar stream begins in the spool. `layer` names it in errors.
 * Throws `LAYER_ESCAPES`, `LAYER_ENTRY_INVALID` and `LAYER_ENTRY_UNSUPPORTED`.
 */
export function readEntry(
  header: ScannedHeader,
  pax: PaxRecords,
  spoolStart: number,
  layer: string,
): LayerEntry {
  const paxName = pax.get('path');
  const name = paxName === undefined ? header.name : latin1(paxName);
  const path = splitPath(name, layer);
  if (header.type === 'link') {
    // Writers disagree about a leading slash of a link's target; all readers take it from the image's root.
    return { kind: 'hard-link', path, target: splitPath(linkTarget(header, pax).replace(/^\/+/, ''), layer) };
  }
  return { kind: 'inode', path, inode: readInode(header, pax, spoolStart, name, layer) };
}

function readInode(
  header: ScannedHeader,
  pax: PaxRecords,
  spoolStart: number,
  name: string,
  layer: string,
): Inode {
  const metadata: Metadata = {
    mode: header.mode & 0o7777,
    uid: identity(pax.get('uid'), header.uid, 'owner', name, layer),
    gid: identity(pax.get('gid'), header.gid, 'group', name, layer),
    mtime: modificationTime(pax.get('mtime'), header.mtime, name, layer),
    xattrs: extendedAttributes(pax, name, layer),
  };
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      if ([...pax.keys()].some((key) => key.startsWith('GNU.sparse.')))
        throw unsupported('a sparse file', name, layer);
      return { ...metadata, type: 'file', offset: spoolStart + header.byteOffset, size: header.size };
    case 'directory':
      return { ...metadata, type: 'directory', children: new Map() };
    case 'symlink': {
      const target = linkTarget(header, pax);
      if (target === '' || target.length >= MAX_PATH_BYTES || target.includes('\0')) {
        throw invalid('a symbolic link whose target is empty or too long', name, layer);
      }
      return { ...metadata, mode: 0o777, type: 'symlink', target };
    }
    case 'character-device':
    case 'block-device': {
      const { devmajor: major, devminor: minor } = header;
      if (!within(major, MAX_MAJOR) || !within(minor, MAX_MINOR)) {
        throw unsupported(`a device with the number ${major}:${minor}`, name, layer);
      }
      return { ...metadata, type: header.type, major, minor };
    }
    case 'fifo':
      return { ...metadata, type: 'fifo' };
    case 'link':
    case null:
    default:
      throw unsupported('an entry of an unknown type', name, layer);
  }
}

/** Splits a name from a layer. Throws `LAYER_ESCAPES` when it begins with "/" or has a ".." in it. */
export function splitPath(name: string, layer: string): Path {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/')) throw escapes(name, 'its name is absolute', layer);
  if (parts.includes('..')) throw escapes(name, 'its name has a ".." in it', layer);
  if (name.length >= MAX_PATH_BYTES || parts.some((part) => part.length > MAX_NAME_BYTES)) {
    throw invalid('a name that is too long', name.slice(0, 64), layer);
  }
  if (name === '' || name.includes('\0')) throw invalid('a name that no file can have', name, layer);
  return parts;
}

/** The error for a layer that reaches out of the image. */
export function escapes(name: string, why: string, layer: string): BuilderError {
  return new BuilderError(
    'LAYER_ESCAPES',
    `Cannot apply layer ${layer}: entry "${readable(name)}" leaves the image: ${why}`,
    {
      hint: 'Do not trust this image. Names in a layer must be relative to its root and stay in it.',
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

function linkTarget(header: ScannedHeader, pax: PaxRecords): string {
  const target = pax.get('linkpath');
  return target === undefined ? (header.linkname ?? '') : latin1(target);
}

function identity(
  pax: Uint8Array | undefined,
  plain: number,
  what: string,
  name: string,
  layer: string,
): number {
  const value = pax === undefined ? plain : decimal(pax);
  if (!within(value, MAX_ID)) throw invalid(`one whose ${what} is no number up to ${MAX_ID}`, name, layer);
  return value;
}

function modificationTime(pax: Uint8Array | undefined, plain: Date, name: string, layer: string): Timestamp {
  const text = pax === undefined ? String(plain.getTime() / 1000) : latin1(pax);
  const match = /^(-?\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null) throw invalid('one with a modification time that is no number', name, layer);
  const seconds = Number(match[1]);
  const nanoseconds = Number((match[2] ?? '').padEnd(9, '0').slice(0, 9));
  // A fraction before 1970 counts downwards; time stamps on disks count upwards from the second below.
  return text.startsWith('-') && nanoseconds > 0
    ? { seconds: seconds - 1, nanoseconds: 1e9 - nanoseconds }
    : { seconds, nanoseconds };
}

function extendedAttributes(pax: PaxRecords, name: string, layer: string): ReadonlyMap<string, Uint8Array> {
  const found = [...pax]
    .filter(([key]) => key.startsWith(XATTR_PREFIX))
    // A copy: the records are a view of a buffer that is used again.
    .map(([key, value]) => [key.slice(XATTR_PREFIX.length), Uint8Array.from(value)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const bytes = found.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (bytes > MAX_XATTR_BYTES) throw invalid(`one with ${bytes} bytes of extended attributes`, name, layer);
  return new Map(found);
}

function decimal(bytes: Uint8Array): number {
  const text = latin1(bytes);
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function within(value: number, limit: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= limit;
}
