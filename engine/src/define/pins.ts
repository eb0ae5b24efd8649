/**
 * What the slices of this repository are pinned to. Version and hashes are in `slices/pins.json` and nowhere else, so that
 * `cocon pins` can move them; whatever names a version asks for it here.
 */
import { upstreamVersionOf } from '../pins/pin.ts';
import { pins, toolchainLock, type PinnedPackage } from '../pins/pins.ts';
import { debianSource, type Patchable, type PinnedDebianSource } from './source.ts';
import type { DebianSource } from '../sources/debian-source.ts';
import { SlicesError } from '../errors.ts';

export type { PinnedPackage } from '../pins/pins.ts';

/** How a pinned source package is unpacked. */
export type Unpacking = Pick<DebianSource, 'patched' | 'exclude'> & Patchable;

/** The source package as it is pinned. */
export function pinnedSource(name: PinnedPackage, unpacking: Unpacking): PinnedDebianSource {
  const pin = pins.sources[name];
  if (pin === undefined) throw new TypeError(`${name} is not pinned`);
  return debianSource({ package: name, ...pin, ...unpacking });
}

/** Upstream's version of the pinned source package: `6.12.107`. */
export function pinnedVersion(name: PinnedPackage): string {
  const pin = pins.sources[name];
  if (pin === undefined) throw new TypeError(`${name} is not pinned`);
  return upstreamVersionOf(pin.version);
}

/** The version of a package of the toolchain, as it is locked. Throws `TOOLCHAIN_PACKAGE_UNKNOWN`. */
export function lockedVersion(name: string): string {
  const found = toolchainLock.packages.find((each) => each.name === name);
  if (found !== undefined) return found.version;
  throw new SlicesError(
    'TOOLCHAIN_PACKAGE_UNKNOWN',
    `Cannot name the version of the Debian package ${name}: it is not locked`,
    {
      hint: 'Add it to engine/toolchain/packages.ts and run cocon pins update.',
      facts: { package: name },
    },
  );
}
