/** A Debian source package, pinned by version and by the SHA-256 of each of its files. */

/** One file of a source package. */
export interface SourceFile {
  readonly name: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * A source package of Debian's suite {@link DEBIAN_SUITE}.
 *
 * The first file is the upstream tarball (`.orig.tar.*`), the second Debian's own (`.debian.tar.*`).
 */
export interface DebianSource {
  readonly package: string;
  /** With epoch and Debian revision: `1:1.37.0-6`. */
  readonly version: string;
  readonly upstream: SourceFile;
  readonly debian: SourceFile;
  /** Whether Debian's patch series is applied. Where not, the slice says why. */
  readonly patched: boolean;
  /** Patterns of `tar --exclude` for what no build needs, to save time and disk. */
  readonly exclude?: readonly string[];
}

/** The suite that all source packages come from: Debian's current stable. */
export const DEBIAN_SUITE = 'trixie';

/** The files that a build needs. */
export function filesOf(source: DebianSource): readonly SourceFile[] {
  return source.patched ? [source.upstream, source.debian] : [source.upstream];
}
