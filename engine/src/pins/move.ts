/**
 * Where pins move to: the newest point release of the same series that the mirror's signed lists name. Versions and hashes are
 * those of the lists, which apt has checked against the keyring; a list whose signature is wrong ends with an error before.
 */
import { SlicesError } from '../errors.ts';
import { runProcess } from '../run-process.ts';
import type { PrivateApt, SourceRecord } from '../sources/private-apt.ts';
import { resolveLock } from '../toolchain/resolve-lock.ts';
import type { LockedPackage, ToolchainLock } from '../toolchain/lock.ts';
import { upstreamVersionOf, type Pins, type SourcePin } from './pin.ts';

/** What of the pins moves. */
export interface Moving {
  /** Names of source packages. */
  readonly sources: readonly string[];
  /** All packages of the toolchain: they depend on each other in fixed versions. */
  readonly toolchain: boolean;
  /** Versions of source packages that cannot be had, though the lists name them, as `linux 6.12.117-1`. */
  readonly without?: ReadonlySet<string>;
}

/**
 * The pins with what moves at its newest; what has nothing newer stays as it is. The lists are read anew by the caller.
 *
 * @throws SlicesError `APT_FAILED`, `PINS_STUCK` when the mirror has only older packages of the toolchain
 */
export async function movedTo(apt: PrivateApt, from: Pins, moving: Moving): Promise<Pins> {
  const { sources, toolchain, without = new Set() } = moving;
  const moved: [string, SourcePin][] = [];
  for (const [name, pin] of Object.entries(from.sources)) {
    const newer = sources.includes(name)
      ? await newestOf(await apt.sources(name), name, pin, without)
      : undefined;
    moved.push([name, newer ?? pin]);
  }
  return {
    sources: Object.fromEntries(moved),
    toolchain: toolchain ? await newerLock(apt, from.toolchain) : from.toolchain,
  };
}

/**
 * Whether a version is of the same series as another: any of the suite's, for a stable suite is one series; of Linux, whose
 * longterm branches come one after the other, one with the same first two numbers (6.12).
 */
export function isOfSeries(name: string, version: string, other: string): boolean {
  return name !== 'linux' || branchOf(version) === branchOf(other);
}

function branchOf(version: string): string {
  return upstreamVersionOf(version).split('.').slice(0, 2).join('.');
}

/** The newest of the records that is newer than the pin and of its series. */
async function newestOf(
  records: readonly SourceRecord[],
  name: string,
  pin: SourcePin,
  without: ReadonlySet<string>,
): Promise<SourcePin | undefined> {
  let newest: SourcePin | undefined;
  for (const record of records) {
    if (without.has(`${name} ${record.version}`)) continue;
    if (record.package !== name || !isOfSeries(name, record.version, pin.version)) continue;
    if (!(await isNewer(record.version, (newest ?? pin).version))) continue;
    newest = pinOf(record) ?? newest;
  }
  return newest;
}

/** A source package of upstream's tarball and Debian's. Nothing for one of another form. */
export function pinOf({ version, files }: SourceRecord): SourcePin | undefined {
  const upstream = files.find(({ name }) => /^[^_]+_[^_]+\.orig\.tar\.[a-z0-9]+$/.test(name));
  const debian = files.find(({ name }) => /\.debian\.tar\.[a-z0-9]+$/.test(name));
  return upstream === undefined || debian === undefined ? undefined : { version, upstream, debian };
}

async function newerLock(apt: PrivateApt, from: ToolchainLock): Promise<ToolchainLock> {
  const lock = await resolveLock(apt);
  await assertNoneOlder(from.packages, lock.packages);
  return lock;
}

/**
 * Throws `PINS_STUCK` when the mirror has an older version of a package than the one that is
 * locked.
 */
export async function assertNoneOlder(
  from: readonly LockedPackage[],
  to: readonly LockedPackage[],
): Promise<void> {
  const now = new Map(to.map(({ name, version }) => [name, version]));
  for (const { name, version } of from) {
    const other = now.get(name) ?? version;
    if (other === version || (await isNewer(other, version))) continue;
    throw new SlicesError(
      'PINS_STUCK',
      `Cannot move the toolchain: the mirror has ${name} ${other}, which is older than ${version}`,
      {
        hint: 'Pins never move back. Use a mirror that is up to date: COCON_DEBIAN_MIRROR names another one.',
        facts: { package: name, pinned: version, found: other },
      },
    );
  }
}

/** Whether a Debian version is newer than another (deb-version(7)). */
export async function isNewer(version: string, than: string): Promise<boolean> {
  const { status } = await runProcess('dpkg', ['--compare-versions', version, 'gt', than]);
  return status === 0;
}
