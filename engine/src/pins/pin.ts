/** What pins are: of Debian's source packages one by one, of the toolchain's packages all together. */
import type { SourceFile } from '../sources/debian-source.ts';
import type { ToolchainLock } from '../toolchain/lock.ts';

/** The pin of a source package. */
export interface SourcePin {
  /** With epoch and Debian revision: `1:1.37.0-6`. */
  readonly version: string;
  /** The upstream tarball (`.orig.tar.*`). */
  readonly upstream: SourceFile;
  /** Debian's own (`.debian.tar.*`). */
  readonly debian: SourceFile;
}

/** Source pins, by the name of the source package. */
export type SourcePins = Readonly<Record<string, SourcePin>>;

/** All pins of Debian's files. */
export interface Pins {
  readonly sources: SourcePins;
  readonly toolchain: ToolchainLock;
}

/** What a project pins of the toolchain's kind, in its own directory (`additions.ts`). */
export const ADDITIONS_FILE = 'toolchain.lock.json';

/** Upstream's part of a Debian version, without epoch and revision (deb-version(7)): `1:1.37.0-6` is of `1.37.0`. */
export function upstreamVersionOf(version: string): string {
  return version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
}
