/** Pins of small files, and archives that have them, or newer ones, or not. */
import { sha256Of } from '../../src/stable-json.ts';
import type { Pins, SourcePin } from '../../src/pins/pin.ts';
import type { PinUse } from '../../src/pins/use.ts';
import { DEBIAN_SUITE } from '../../src/sources/debian-source.ts';
import type { LockedPackage } from '../../src/toolchain/lock.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES, EXTRA_PACKAGES } from '../../toolchain/packages.ts';
import type { ArchivePackage, ArchiveSource } from '../debian-archive.ts';

/** The bytes of each file are a line with its name. */
function bytesOf(name: string): Buffer {
  return Buffer.from(`${name}\n`);
}

function upstreamOf(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}

/** A source package in a version, as an archive has it. */
export function archiveSource(name: string, version: string): ArchiveSource {
  const bare = version.replace(/^\d+:/, '');
  const files = [`${name}_${upstreamOf(version)}.orig.tar.xz`, `${name}_${bare}.debian.tar.xz`];
  return { name, version, files: files.map((file) => ({ name: file, contents: bytesOf(file) })) };
}

/** A binary package in a version, as an archive has it. */
export function archivePackage(name: string, version: string): ArchivePackage {
  const file = `${name}_${version.replace(/^\d+:/, '')}_amd64.deb`;
  return { name, version, file: { name: file, contents: bytesOf(file) } };
}

function pinOf({ version, files }: ArchiveSource): SourcePin {
  const [upstream = '', debian = ''] = files.map((file) => file.name);
  const pinned = (name: string): SourcePin['upstream'] => ({ name, sha256: sha256Of(bytesOf(name)) });
  return { version, upstream: pinned(upstream), debian: pinned(debian) };
}

function locked({ name, version, file }: ArchivePackage): LockedPackage {
  const bytes = bytesOf(file.name);
  return { name, version, sha256: sha256Of(bytes), size: bytes.length, depends: [] };
}

/** All that a toolchain names, for the archive has to have it. */
const TOOLCHAIN = [
  ...new Set([...COMMON_PACKAGES, ...Object.values(CROSS_PACKAGES).flat(), ...EXTRA_PACKAGES]),
].toSorted();

/** What is pinned: source packages, and all packages of the toolchain in one version. */
export const PINNED_SOURCES = {
  busybox: '1:1.37.0-6',
  linux: '6.12.107-1',
  musl: '1.2.5-3.1~deb13u1',
  zlib: '1:1.3.1-1',
} as const;
export const PINNED_PACKAGE = '1.0-1';

/** The archive on the day of the pins. */
export const sourcesThen: readonly ArchiveSource[] = Object.entries(PINNED_SOURCES).map(([name, version]) =>
  archiveSource(name, version),
);
export const packagesThen: readonly ArchivePackage[] = TOOLCHAIN.map((name) =>
  archivePackage(name, PINNED_PACKAGE),
);

export const pinned: Pins = {
  sources: Object.fromEntries(sourcesThen.map((each) => [each.name, pinOf(each)])),
  toolchain: { suite: DEBIAN_SUITE, packages: packagesThen.map(locked) },
};

/** A use of all source packages, musl patched, and a few of the toolchain's. */
export const use: PinUse = {
  sources: new Map(Object.keys(PINNED_SOURCES).map((name) => [name, name === 'musl'])),
  packages: new Set(['make', 'patch', 'sed', 'tar']),
};
