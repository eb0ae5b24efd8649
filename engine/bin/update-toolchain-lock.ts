/** Pins the toolchain anew: `scripts/node engine/bin/update-toolchain-lock.ts`. Asks the mirror for the present versions. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { nodeTerminal } from '@cocon-os/cli/node';

import { cacheDirectory } from '../src/cache-directory.ts';
import { DEBIAN_SUITE } from '../src/sources/debian-source.ts';
import { privateApt, type ControlFields } from '../src/sources/private-apt.ts';
import { systemMirror } from '../src/sources/system-mirror.ts';
import type { LockedPackage, ToolchainLock } from '../src/toolchain/lock.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES, EXTRA_PACKAGES } from '../toolchain/packages.ts';

const apt = await privateApt(cacheDirectory().apt, await systemMirror(), (line) =>
  nodeTerminal.err(`${line}\n`),
);
await apt.update();
const closure = await apt.closure([
  ...COMMON_PACKAGES,
  ...Object.values(CROSS_PACKAGES).flat(),
  ...EXTRA_PACKAGES,
]);
const standsFor = providersAmong(closure);
const packages = closure
  .map((control) => lockedPackage(control, standsFor))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1));
const lock: ToolchainLock = { suite: DEBIAN_SUITE, packages };
await writeFile(
  join(import.meta.dirname, '../toolchain/lock.json'),
  `${JSON.stringify(lock, undefined, 2)}\n`,
);
const megabytes = packages.reduce((sum, { size }) => sum + size, 0) / 1e6;
nodeTerminal.out(`${packages.length} packages, ${megabytes.toFixed(0)} MB in all\n`);

function lockedPackage(control: ControlFields, providers: ReadonlyMap<string, string>): LockedPackage {
  const field = (name: string): string => {
    const value = control[name];
    if (value === undefined) throw new Error(`${control['Package']} has no field ${name}`);
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
function providersAmong(controls: readonly ControlFields[]): ReadonlyMap<string, string> {
  const virtual = controls.flatMap((control) =>
    (control['Provides'] ?? '')
      .split(',')
      .map((each) => each.trim().split(' ')[0] ?? '')
      .filter((name) => name !== '')
      .map((name): [string, string] => [name, control['Package'] ?? '']),
  );
  return new Map([...virtual, ...controls.map(({ Package: name = '' }): [string, string] => [name, name])]);
}
