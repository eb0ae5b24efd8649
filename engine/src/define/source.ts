/** Where a slice's source comes from. Every kind is pinned: the same definition never means other bytes. */
import type { DebianSource } from '../sources/debian-source.ts';

/** What may be changed in a source before it is built. */
export interface Patchable {
  /**
   * Absolute paths of patches, applied in this order with `patch -p1`, after Debian's own where these are applied. Their
   * contents are hashed whenever the tree is evaluated.
   */
  readonly patches?: readonly string[];
}

/** A Debian source package, see {@link DebianSource}. */
export type PinnedDebianSource = DebianSource & Patchable & { readonly kind: 'debian' };

/** A tar archive at an address. */
export interface UrlSource extends Patchable {
  readonly kind: 'url';
  readonly url: string;
  /** Of the file, lower-case hexadecimal. */
  readonly sha256: string;
  /** Patterns of `tar --exclude` for what no build needs. */
  readonly exclude?: readonly string[];
}

/** A commit of a git repository. Its name is its hash, so it is its own pin. */
export interface GitSource extends Patchable {
  readonly kind: 'git';
  readonly url: string;
  /** The whole 40 or 64 hexadecimal digits. */
  readonly commit: string;
}

/** The crates that a package of a cargo workspace is built of, each pinned by the workspace's `Cargo.lock`. */
export interface CratesSource {
  readonly kind: 'crates';
  /** Absolute path of the `Cargo.lock`, which is read whenever the tree is evaluated. */
  readonly lock: string;
  /** The package of the workspace. */
  readonly package: string;
}

/** A directory, or a single file, of this repository. Its contents are hashed whenever the tree is evaluated. */
export interface LocalSource {
  readonly kind: 'local';
  /** Absolute. */
  readonly path: string;
  /** Said when it is not there: how it comes about. */
  readonly hint: string;
}

export type Source = PinnedDebianSource | UrlSource | GitSource | CratesSource | LocalSource;

export function debianSource(source: DebianSource & Patchable): PinnedDebianSource {
  return { kind: 'debian', ...source };
}

export function urlSource(source: Omit<UrlSource, 'kind'>): UrlSource {
  return { kind: 'url', ...source };
}

export function gitSource(source: Omit<GitSource, 'kind'>): GitSource {
  return { kind: 'git', ...source };
}

export function cratesSource(source: Omit<CratesSource, 'kind'>): CratesSource {
  return { kind: 'crates', ...source };
}

/** A slice names it by `join(import.meta.dirname, 'files')`. */
export function localSource(path: string, hint = 'It is part of this repository: restore it.'): LocalSource {
  return { kind: 'local', path, hint };
}
