/** Resolves what `packages.ts` names to the packages that the mirror has now: the lock of the toolchain, as it would be anew. */
import { DEBIAN_SUITE } from '../sources/debian-source.ts';
import type { ControlFields, PrivateApt } from '../sources/private-apt.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES, EXTRA_PACKAGES } from '../../toolchain/packages.ts';
import type { LockedPackage, ToolchainLock } from './lock.ts';

/** Every package that a build may name, and all that they depend on. Throws `APT_FAILED`. */
export async function resolveLock(apt: PrivateApt): Promise<ToolchainLock> {
  const closure = await apt.closure([
    ...COMMON_PACKAGES,
    ...Object.values(CROSS_PACKAGES).flat(),
    ...EXTRA_PACKAGES,
  ]);
  const standsFor = providersAmong(closure);
  const packages = closure
    .map((control) => lockedPackage(control, standsFor))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { suite: DEBIAN_SUITE, packages };
}

/**
 * A package as it is locked; `providers` says which package stands for each name that it
 * depends on.
 */
export function lockedPackage(control: ControlFields, providers: ReadonlyMap<string, string>): LockedPackage {
  const field = (name: string): string => {
    const value = control[name];
    if (value === undefined) throw new TypeError(`${control['Package']} has no field ${name}`);
    return value;
  };
  const depends = `${control['Pre-Depends'] ?? ''}, ${control['Depends'] ?? ''}`
    .split(',')
    .flatMap((alternatives) => {
      // Of alternatives, apt has chosen one that is in the closure.
      const names = alternatives.split('|').map((each) => (/^\s*([a-z0-9.+-]+)/.exec(each) ?? [])[1] ?? '');
      return names.map((each) => providers.get(each)).find((each) => each !== undefined) ?? [];
    });
  const name = field('Package');
  return {
    name,
    version: field('Version'),
    sha256: field('SHA256'),
    size: Number(field('Size')),
    depends: [...new Set(depends)].filter((each) => each !== name).toSorted(),
  };
}

/** By each name, real or virtual, the package that stands for it. A real one goes first. */
export function providersAmong(controls: readonly ControlFields[]): ReadonlyMap<string, string> {
  const virtual = controls.flatMap((control) =>
    (control['Provides'] ?? '')
      .split(',')
      .map((each) => each.trim().split(' ')[0] ?? '')
      .filter((name) => name !== '')
      .map((name): [string, string] => [name, control['Package'] ?? '']),
  );
  return new Map([...virtual, ...controls.map(({ Package: name = '' }): [string, string] => [name, name])]);
}
