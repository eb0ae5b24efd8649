/** What the mirror and the cache have of the pins, and what the newest of each series is. */
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { exists } from '../files.ts';
import type { PrivateApt } from '../sources/private-apt.ts';
import type { LockedPackage } from '../toolchain/lock.ts';
import { isNewer, movedTo } from './move.ts';
import type { Pins } from './pin.ts';

/** One pin. */
export interface SurveyedPin {
  readonly kind: 'source' | 'package';
  readonly name: string;
  /** As it is in force. */
  readonly version: string;
  /** As the repository has it, if this machine's lock has moved it. */
  readonly movedFrom?: string;
  /** Whether the mirror's lists have this very version. */
  readonly offered: boolean;
  /** Whether the cache has its files. */
  readonly cached: boolean;
  /** The newest of its series; absent where the mirror has nothing newer. */
  readonly newer?: string;
  /** Of a package that the project pins, and not this repository. */
  readonly ofProject?: true;
}

/** Looks at all pins. The lists are read anew by the caller. Throws `APT_FAILED`, and `PINS_STUCK` for a mirror that is behind. */
export async function surveyPins(
  apt: PrivateApt,
  pins: Pins,
  repository: Pins,
  cache: CacheDirectory,
): Promise<readonly SurveyedPin[]> {
  const sources = Object.keys(pins.sources);
  const newest = await movedTo(apt, pins, { sources, toolchain: true });
  const versions = await apt.packageVersions(pins.toolchain.packages.map(({ name }) => name));
  const surveyed: SurveyedPin[] = [];
  for (const [name, pin] of Object.entries(pins.sources)) {
    surveyed.push({
      kind: 'source',
      name,
      version: pin.version,
      ...movedFrom(pin.version, repository.sources[name]?.version),
      offered: (await apt.versions(name)).includes(pin.version),
      cached: await has(cache, pin.upstream.sha256),
      ...newer(pin.version, newest.sources[name]?.version),
    });
  }
  const before = new Map(repository.toolchain.packages.map(({ name, version }) => [name, version]));
  const after = new Map(newest.toolchain.packages.map(({ name, version }) => [name, version]));
  for (const each of pins.toolchain.packages) {
    const { name, version } = each;
    surveyed.push({
      kind: 'package',
      name,
      version,
      ...movedFrom(version, before.get(name)),
      offered: versions.get(name)?.includes(version) === true,
      cached: await has(cache, each.sha256),
      ...newer(version, after.get(name)),
    });
  }
  return surveyed;
}

/**
 * Looks at the packages that a project pins. The newest is that of the mirror, whether it goes
 * with the rest or not. Throws `APT_FAILED`.
 */
export async function surveyAdditions(
  apt: PrivateApt,
  packages: readonly LockedPackage[],
  cache: CacheDirectory,
): Promise<readonly SurveyedPin[]> {
  if (packages.length === 0) return [];
  const versions = await apt.packageVersions(packages.map(({ name }) => name));
  const surveyed: SurveyedPin[] = [];
  for (const { name, version, sha256 } of packages) {
    const found = versions.get(name) ?? [];
    let newest = version;
    for (const each of found) if (await isNewer(each, newest)) newest = each;
    surveyed.push({
      kind: 'package',
      name,
      version,
      offered: found.includes(version),
      cached: await has(cache, sha256),
      ...newer(version, newest),
      ofProject: true,
    });
  }
  return surveyed;
}

async function has(cache: CacheDirectory, sha256: string): Promise<boolean> {
  return await exists(join(cache.sources, sha256));
}

function movedFrom(version: string, repository: string | undefined): { readonly movedFrom?: string } {
  return repository === undefined || repository === version ? {} : { movedFrom: repository };
}

function newer(version: string, newest: string | undefined): { readonly newer?: string } {
  return newest === undefined || newest === version ? {} : { newer: newest };
}
