/** Which pins something uses: source packages, patched or not, and packages of the toolchain. */
import type { Profile } from '../define/profile.ts';
import type { Slice } from '../define/slice.ts';
import { TARGET_NAMES, type Target } from '../define/target.ts';
import type { GraphNode } from '../graph/graph.ts';
import { filesOf } from '../sources/debian-source.ts';
import { wantedPackage, type Wanted } from '../sources/wanted.ts';
import { closureOf } from '../toolchain/lock.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES, EXTRA_PACKAGES } from '../../toolchain/packages.ts';
import type { Pins } from './pin.ts';

/** By names, so that it holds for moved pins as well. */
export interface PinUse {
  /** By source package; whether Debian's patches are applied, and its tarball is needed. */
  readonly sources: ReadonlyMap<string, boolean>;
  /** Without what they depend on. */
  readonly packages: ReadonlySet<string>;
}

/** Everything that is pinned, with the tarballs that no slice unpacks. */
export function wholeUse(pins: Pins): PinUse {
  return {
    sources: new Map(Object.keys(pins.sources).map((name) => [name, true])),
    packages: new Set([...COMMON_PACKAGES, ...Object.values(CROSS_PACKAGES).flat(), ...EXTRA_PACKAGES]),
  };
}

/** What nodes are built out of. */
export function useOfNodes(nodes: readonly GraphNode[], pins: Pins): PinUse {
  const sources = new Map<string, boolean>();
  for (const { source } of nodes) {
    // A definition may pin something of its own.
    if (source?.kind !== 'debian' || pins.sources[source.package]?.version !== source.version) continue;
    sources.set(source.package, source.patched || sources.get(source.package) === true);
  }
  return { sources, packages: new Set(nodes.flatMap(({ packages }) => packages)) };
}

/**
 * What the slices of a profile are built out of, and tools: without evaluating them, for which a checkout has to be set up.
 */
export function useOfSlices({ slices }: Profile, tools: readonly Slice[], target: Target): PinUse {
  const all = new Set<Slice>();
  const add = (slice: Slice): void => {
    if (all.has(slice)) return;
    all.add(slice);
    [...(slice.needs ?? []), ...(slice.runsWith ?? [])].forEach(add);
  };
  [...slices, ...tools].forEach(add);
  const sources = new Map<string, boolean>();
  const packages = new Set<string>([...COMMON_PACKAGES, ...CROSS_PACKAGES[target]]);
  for (const { source, packages: own = [] } of all) {
    if (source?.kind === 'debian') {
      sources.set(source.package, source.patched || sources.get(source.package) === true);
    }
    const context = { target: { name: target, ...TARGET_NAMES[target] } };
    for (const name of typeof own === 'function' ? own(context) : own) packages.add(name);
  }
  return { sources, packages };
}

/** Both. */
export function joined(one: PinUse, other: PinUse): PinUse {
  const sources = new Map(one.sources);
  for (const [name, patched] of other.sources) sources.set(name, patched || sources.get(name) === true);
  return { sources, packages: new Set([...one.packages, ...other.packages]) };
}

/** The files of it, with what its packages depend on. Throws `TOOLCHAIN_PACKAGE_UNKNOWN`. */
export function wantedOf({ sources, packages }: PinUse, pins: Pins): readonly Wanted[] {
  const wanted: Wanted[] = [];
  for (const [name, patched] of sources) {
    const pin = pins.sources[name];
    if (pin === undefined) continue;
    const files = filesOf({ package: name, ...pin, patched });
    wanted.push({ kind: 'source', name, version: pin.version, files });
  }
  return [...wanted, ...closureOf(pins.toolchain, [...packages]).map(wantedPackage)];
}
