/**
 * The lock of the toolchain: every Debian package that may come into a sandbox, pinned by version and SHA-256, with what
 * it depends on already resolved, so that a set of packages is complete without asking a mirror.
 */
import { SlicesError } from '../errors.ts';

/** One package. */
export interface LockedPackage {
  readonly name: string;
  /** With epoch and Debian revision. */
  readonly version: string;
  /** Of the `.deb` file, lower-case hexadecimal. */
  readonly sha256: string;
  /** Bytes of the `.deb` file. */
  readonly size: number;
  /** Names of the locked packages that it cannot do without. */
  readonly depends: readonly string[];
}

/** The lock file. */
export interface ToolchainLock {
  readonly suite: string;
  /** Sorted by name. */
  readonly packages: readonly LockedPackage[];
}

/**
 * The packages that `names` come to, sorted by name.
 *
 * @throws SlicesError `TOOLCHAIN_PACKAGE_UNKNOWN`
 */
export function closureOf(lock: ToolchainLock, names: readonly string[]): readonly LockedPackage[] {
  const byName = new Map(lock.packages.map((each) => [each.name, each]));
  const chosen = new Map<string, LockedPackage>();
  const add = (name: string): void => {
    if (chosen.has(name)) return;
    const found = byName.get(name);
    if (found === undefined) {
      throw new SlicesError(
        'TOOLCHAIN_PACKAGE_UNKNOWN',
        `Cannot build with the Debian package ${name}: the toolchain's lock does not have it`,
        {
          hint: `Pin it for your project: cocon pins add ${name}`,
          facts: { package: name },
        },
      );
    }
    chosen.set(name, found);
    found.depends.forEach(add);
  };
  names.forEach(add);
  return [...chosen.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
