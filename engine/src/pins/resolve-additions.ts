/**
 * Resolves what a project wants besides the toolchain, upon the toolchain as it is locked: none
 * of its packages moves.
 */
import { SlicesError } from '../errors.ts';
import { didYouMean } from '../near-names.ts';
import { ARCHITECTURE, type ControlFields, type PrivateApt } from '../sources/private-apt.ts';
import { DEBIAN_SUITE } from '../sources/debian-source.ts';
import { closureOf, type LockedPackage, type ToolchainLock } from '../toolchain/lock.ts';
import { lockedPackage, providersAmong } from '../toolchain/resolve-lock.ts';
import { noAdditions, withPackages, type Additions } from './additions.ts';

/**
 * The additions that `wanted` comes to; `kept` are packages that stay as they are. What the
 * toolchain has already is no addition. The lists are read anew by the caller.
 *
 * @throws SlicesError `PACKAGE_UNKNOWN` with near names; `TOOLCHAIN_CONFLICT` for what goes only
 * with another version of a package that is there, with both versions; `APT_FAILED`
 */
export async function resolveAdditions(
  apt: PrivateApt,
  base: ToolchainLock,
  wanted: readonly string[],
  kept: readonly LockedPackage[],
): Promise<Additions> {
  const there = withPackages(base, kept);
  const locked = new Set(there.packages.map(({ name }) => name));
  const own = new Set(base.packages.map(({ name }) => name));
  const names = [...new Set(wanted)].filter((name) => !own.has(name)).toSorted();
  const open = names.filter((name) => !locked.has(name));
  let packages = kept;
  if (open.length > 0) {
    await assertKnown(apt, open);
    const installed = await controlsOf(apt, there.packages);
    const { added, changed, failure } = await apt.onTopOf(installed, open);
    if (changed.length > 0 || failure !== undefined) throw conflict(open, changed, own, failure);
    const standsFor = providersAmong([...installed, ...added]);
    packages = [...kept, ...added.map((control) => lockedPackage(control, standsFor))];
  }
  const versions = new Map(base.packages.map(({ name, version }) => [name, version]));
  const used = closureOf(withPackages(base, packages), names).filter(({ name }) => !versions.has(name));
  const upon = [...new Set(used.flatMap(({ depends }) => depends))].toSorted().flatMap((name) => {
    const version = versions.get(name);
    return version === undefined ? [] : [[name, version] as const];
  });
  return { ...noAdditions(base), wanted: names, upon: Object.fromEntries(upon), packages: used };
}

async function assertKnown(apt: PrivateApt, names: readonly string[]): Promise<void> {
  const known = await apt.packageNames();
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new SlicesError(
    'PACKAGE_UNKNOWN',
    `Cannot pin "${unknown}": ${DEBIAN_SUITE} has no binary package of that name`,
    {
      hint: `${didYouMean(unknown, known)}The name is that of a binary package, as the site of Debian's packages has it.`,
      facts: { package: unknown },
    },
  );
}

/**
 * What apt is to take for installed. Of a version that the mirror has no more, what the lock
 * says of it.
 */
async function controlsOf(
  apt: PrivateApt,
  packages: readonly LockedPackage[],
): Promise<readonly ControlFields[]> {
  const offered = new Map(
    (await apt.controls(packages)).map((control) => [
      `${control['Package'] ?? ''} ${control['Version'] ?? ''}`,
      control,
    ]),
  );
  return packages.map(
    ({ name, version, depends }) =>
      offered.get(`${name} ${version}`) ?? {
        Package: name,
        Version: version,
        Architecture: ARCHITECTURE,
        // It satisfies a dependency on <name>:any too.
        'Multi-Arch': 'allowed',
        ...(depends.length === 0 ? {} : { Depends: depends.join(', ') }),
      },
  );
}

function conflict(
  names: readonly string[],
  changed: Awaited<ReturnType<PrivateApt['onTopOf']>>['changed'],
  own: ReadonlySet<string>,
  failure: string | undefined,
): SlicesError {
  const lines = changed.map(
    ({ name, from, to }) =>
      `${own.has(name) ? 'the toolchain' : 'this project'} has ${name} ${from}, and ${to === undefined ? 'it goes only without' : `it wants ${to}`}`,
  );
  const what = names.length === 1 ? names[0] : names.join(', ');
  return new SlicesError(
    'TOOLCHAIN_CONFLICT',
    `Cannot add ${what}: it does not go with what is locked\n${[...lines, ...(failure === undefined ? [] : [failure])].map((line) => `  ${line}`).join('\n')}`,
    {
      hint: 'cocon pins update toolchain moves the toolchain of this toolkit to what the mirror has now; cocon pins update additions moves those of this project.',
      facts: { packages: names.join(' '), moved: changed.map(({ name }) => name).join(' ') },
    },
  );
}
