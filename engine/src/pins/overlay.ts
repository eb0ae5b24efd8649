/** Moved pins over those that they were moved from. */
import { sha256Of, stableJson } from '../stable-json.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';
import type { Pins, SourcePin, SourcePins } from './pin.ts';

/** What the lock of a machine's cache holds. */
export interface MachineLock {
  readonly format: 'cocon.pins/1';
  /** By source package. `from` is the version that was moved. */
  readonly sources: Readonly<Record<string, { readonly from: string; readonly to: SourcePin }>>;
  /** `from` is the {@link lockDigest} of the lock that was moved. */
  readonly toolchain?: { readonly from: string; readonly to: ToolchainLock };
}

/** One pin that has moved. */
export interface Move {
  readonly kind: 'source' | 'package';
  readonly name: string;
  /** Versions. A package that has come or gone with others has only one of them. */
  readonly from?: string;
  readonly to?: string;
}

/** What differs from the repository's pins, sources first, each sorted by name. */
export type MovedPins = readonly Move[];

/** The digest of a lock's contents, lower-case hexadecimal. */
export function lockDigest(lock: ToolchainLock): string {
  return sha256Of(stableJson(lock));
}

/**
 * The pins that are in force. A move counts only as long as the repository pins what was moved: when the repository has gone
 * on by itself, its own pin is right.
 */
export function overlaid(
  repository: Pins,
  lock: MachineLock | undefined,
): { readonly pins: Pins; readonly moved: MovedPins } {
  if (lock === undefined) return { pins: repository, moved: [] };
  const entries = Object.entries(repository.sources).map(([name, pin]): [string, SourcePin] => {
    const move = lock.sources[name];
    return [name, move?.from === pin.version ? move.to : pin];
  });
  const { toolchain } = lock;
  const follows = toolchain?.from === lockDigest(repository.toolchain);
  const pins: Pins = {
    sources: Object.fromEntries(entries),
    toolchain: toolchain !== undefined && follows ? toolchain.to : repository.toolchain,
  };
  return { pins, moved: movesBetween(repository, pins) };
}

/** What has moved from some pins to others. */
export function movesBetween(before: Pins, after: Pins): MovedPins {
  return [
    ...differing('source', sourceVersions(before.sources), sourceVersions(after.sources)),
    ...differing('package', packageVersions(before.toolchain), packageVersions(after.toolchain)),
  ];
}

type Versions = ReadonlyMap<string, string>;

function sourceVersions(sources: SourcePins): Versions {
  return new Map(Object.entries(sources).map(([name, { version }]) => [name, version]));
}

function packageVersions({ packages }: ToolchainLock): Versions {
  return new Map(packages.map(({ name, version }) => [name, version]));
}

function differing(kind: Move['kind'], before: Versions, after: Versions): readonly Move[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((name) => {
    const [from, to] = [before.get(name), after.get(name)];
    if (from === to) return [];
    return [{ kind, name, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
  });
}

/** One line for each pin that has moved: from what to what. */
export function moveLines(moves: MovedPins): readonly string[] {
  const width = Math.max(0, ...moves.map(({ name }) => name.length));
  return moves.map(
    ({ kind, name, from = 'none', to = 'none' }) =>
      `${kind.padEnd(7)}  ${name.padEnd(width)}  ${from} -> ${to}`,
  );
}
