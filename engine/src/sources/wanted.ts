/** What a build wants of Debian's archive: files of source packages, and binary packages of the toolchain. */
import type { LockedPackage } from '../toolchain/lock.ts';
import type { SourceFile } from './debian-source.ts';

/** Files of one package in one version. */
export interface Wanted {
  readonly kind: 'source' | 'package';
  /** Of the source package, or of the binary one. */
  readonly name: string;
  /** With epoch and Debian revision. */
  readonly version: string;
  /** Of a binary package there is one. */
  readonly files: readonly SourceFile[];
}

/** A locked package as its one file. */
export function wantedPackage({ name, version, sha256 }: LockedPackage): Wanted {
  return { kind: 'package', name, version, files: [{ name: debName(name, version), sha256 }] };
}

/** Names that the file of a binary package may have: for the machine that builds, or for all. */
export function debNames(name: string): readonly string[] {
  return name.endsWith(ANY_ARCHITECTURE)
    ? ARCHITECTURES.map((each) => name.replace(ANY_ARCHITECTURE, `_${each}.deb`))
    : [name];
}

/** The architecture of a locked package is not locked, for its hash decides. */
const ANY_ARCHITECTURE = '_*.deb';
const ARCHITECTURES = ['amd64', 'all'];

function debName(name: string, version: string): string {
  return `${name}_${version.replace(/^\d+:/, '')}${ANY_ARCHITECTURE}`;
}
