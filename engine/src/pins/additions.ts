/**
 * A project's additions to the toolchain: Debian packages that its slices ask for and that this
 * repository does not lock. They are pinned in a file beside the project's `profiles/`, which the
 * engine reads; definitions name packages and nothing more.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';
import type { Graph } from '../graph/graph.ts';
import { outputFailed } from '../output-file.ts';
import { closureOf, type LockedPackage, type ToolchainLock } from '../toolchain/lock.ts';
import { isLockedPackage, isTable } from './machine-lock.ts';
import { ADDITIONS_FILE } from './pin.ts';
import { toolchainLock } from './pins.ts';

/** What the file holds. */
export interface Additions {
  readonly format: 'cocon.toolchain/1';
  readonly suite: string;
  /** What was asked for by name, sorted. */
  readonly wanted: readonly string[];
  /**
   * The version of each package of the toolchain that an addition depends on itself, as it was
   * when the additions were resolved.
   */
  readonly upon: Readonly<Record<string, string>>;
  /**
   * What is wanted and what that depends on, without the packages of the toolchain; sorted by
   * name.
   */
  readonly packages: readonly LockedPackage[];
}

/** Additions of nothing. */
export function noAdditions({ suite }: Pick<ToolchainLock, 'suite'>): Additions {
  return { format: 'cocon.toolchain/1', suite, wanted: [], upon: {}, packages: [] };
}

/** Those of the project in `directory`; `undefined` where it has none. Throws `PINS_INVALID`. */
export async function readAdditions(directory: string): Promise<Additions | undefined> {
  const path = join(directory, ADDITIONS_FILE);
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (isAdditions(value)) return value;
  } catch (thrown) {
    if (hasCode(thrown, ['ENOENT', 'ENOTDIR'])) return undefined;
    throw invalid(path, messageOf(thrown));
  }
  throw invalid(path, 'it holds something else than pinned packages');
}

/** Writes them by rename. Throws `OUTPUT_FAILED`, `DISK_FULL`. */
export async function writeAdditions(directory: string, additions: Additions): Promise<void> {
  const path = join(directory, ADDITIONS_FILE);
  const draft = await draftOf(path);
  try {
    await writeFile(draft, `${JSON.stringify(additions, undefined, 2)}\n`);
    await rename(draft, path);
  } catch (cause) {
    throw outputFailed(path, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * The lock that the builds of a graph run with: additions lie beside the toolchain's packages
 * and replace none.
 */
export function toolchainOf(
  { additions = [] }: Pick<Graph, 'additions'>,
  base: ToolchainLock = toolchainLock,
): ToolchainLock {
  return additions.length === 0 ? base : withPackages(base, additions);
}

/** The base wins: what it has got since then is no addition any more. */
export function withPackages(base: ToolchainLock, additions: readonly LockedPackage[]): ToolchainLock {
  const locked = new Set(base.packages.map(({ name }) => name));
  return {
    suite: base.suite,
    packages: [...base.packages, ...additions.filter(({ name }) => !locked.has(name))],
  };
}

/**
 * The additions that builds with these packages come to.
 *
 * @throws SlicesError `TOOLCHAIN_PACKAGE_UNKNOWN`; `TOOLCHAIN_ADDITIONS_STALE` for one that
 * depends on a package of the toolchain which was another one when it was resolved
 */
export function additionsFor(
  names: readonly string[],
  base: ToolchainLock,
  additions: Additions,
): readonly LockedPackage[] {
  const versions = new Map(base.packages.map(({ name, version }) => [name, version]));
  const used = closureOf(withPackages(base, additions.packages), names).filter(
    ({ name }) => !versions.has(name),
  );
  for (const { name, depends } of used) {
    for (const below of depends) {
      const now = versions.get(below);
      const then = additions.upon[below];
      if (now === undefined || now === then) continue;
      throw new SlicesError(
        'TOOLCHAIN_ADDITIONS_STALE',
        `Cannot build with ${name} of ${ADDITIONS_FILE}: it was resolved with ${below} ${then ?? 'of its own'}, and the toolchain has ${below} ${now}`,
        {
          hint: 'Run cocon pins update additions: it resolves the file anew, with the toolchain as it is now.',
          facts: { package: name, depends: below, locked: now },
        },
      );
    }
  }
  return used;
}

function invalid(path: string, why: string): SlicesError {
  return new SlicesError('PINS_INVALID', `Cannot read the pinned packages in ${path}: ${why}`, {
    hint: 'Restore the file, or remove it and pin what the slices of the project ask for: cocon pins add <package>.',
    facts: { file: path },
  });
}

function isAdditions(value: unknown): value is Additions {
  if (!isTable(value) || value['format'] !== 'cocon.toolchain/1') return false;
  const { suite, wanted, upon, packages } = value;
  return (
    typeof suite === 'string' &&
    Array.isArray(wanted) &&
    wanted.every((each) => typeof each === 'string') &&
    isTable(upon) &&
    Object.values(upon).every((each) => typeof each === 'string') &&
    Array.isArray(packages) &&
    packages.every(isLockedPackage)
  );
}
