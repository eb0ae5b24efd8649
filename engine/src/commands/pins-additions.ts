/** What `cocon pins` does with the packages that a project adds to the toolchain. */
import { UsageError, type Terminal } from '@cocon-os/cli';

import type { Additions } from '../pins/additions.ts';
import type { MovedPins } from '../pins/overlay.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import { asking } from './asking.ts';

/**
 * Names of binary packages (Debian policy 5.6.1): apt would read others as options, versions or
 * patterns.
 */
const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]+$/;

/** What was added. */
export interface Added {
  /** Names that the toolchain has already. */
  readonly known: readonly string[];
  readonly moves: MovedPins;
  readonly additions: Additions;
}

/** Adds packages to those of the project in `directory`; what it has stays as it is. */
export async function addPackages(
  terminal: Terminal,
  directory: string,
  names: readonly string[],
): Promise<Added> {
  const [
    { noAdditions, readAdditions, writeAdditions },
    { REPOSITORY },
    { toolchainLock },
    { movesBetween },
    { PIN_FILES },
  ] = await Promise.all([
    import('../pins/additions.ts'),
    import('../define/location.ts'),
    import('../pins/pins.ts'),
    import('../pins/overlay.ts'),
    import('../pins/repository-files.ts'),
  ]);
  const other = names.find((name) => !PACKAGE_NAME.test(name));
  if (other !== undefined || names.length === 0) {
    throw new UsageError(
      other === undefined
        ? 'Cannot add: no Debian package was named'
        : `Cannot add "${other}": it is not the name of a Debian package`,
      'Name binary packages without versions: cocon pins add libboost-dev',
    );
  }
  if (directory === REPOSITORY) {
    throw new UsageError(
      'Cannot add packages to a project: this directory is that of the toolkit itself',
      `Run it in the directory of the project. For the toolkit, list them in engine/toolchain/packages.ts and run cocon pins update toolchain, which writes ${PIN_FILES.toolchain}.`,
    );
  }
  const before = (await readAdditions(directory)) ?? noAdditions(toolchainLock);
  const additions = await resolved(terminal, toolchainLock, [...before.wanted, ...names], before);
  const known = names.filter((name) => !additions.wanted.includes(name));
  if (known.length < names.length) await writeAdditions(directory, additions);
  return { known, moves: movesBetween(pinsOf(before), pinsOf(additions)), additions };
}

/**
 * What the additions of a project are when they are resolved anew upon `base`. Throws
 * `PINS_STUCK` for one that would be older.
 */
export async function movedAdditions(
  terminal: Terminal,
  base: ToolchainLock,
  before: Additions,
): Promise<{ readonly additions: Additions; readonly moves: MovedPins }> {
  const [{ noAdditions }, { movesBetween }, { assertNoneOlder }] = await Promise.all([
    import('../pins/additions.ts'),
    import('../pins/overlay.ts'),
    import('../pins/move.ts'),
  ]);
  const additions = await resolved(terminal, base, before.wanted, noAdditions(base));
  await assertNoneOlder(before.packages, additions.packages);
  return { additions, moves: movesBetween(pinsOf(before), pinsOf(additions)) };
}

async function resolved(
  terminal: Terminal,
  base: ToolchainLock,
  wanted: readonly string[],
  kept: Additions,
): Promise<Additions> {
  const [{ cacheDirectory }, { withLists }, { resolveAdditions }] = await Promise.all([
    import('../cache-directory.ts'),
    import('../sources/gather.ts'),
    import('../pins/resolve-additions.ts'),
  ]);
  return await withLists(cacheDirectory(), asking(terminal), (apt) =>
    resolveAdditions(apt, base, wanted, kept.packages),
  );
}

function pinsOf({ suite, packages }: Additions) {
  return { sources: {}, toolchain: { suite, packages } };
}
