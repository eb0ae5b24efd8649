/**
 * Linux as Debian stable ships it: for the kernel, for its configuration, and for the headers that
 * programs are compiled against.
 */
import { pinnedSource, pinnedVersion, type PinnedDebianSource } from '@cocon-os/engine';

/** Upstream's version. */
export const LINUX_VERSION = pinnedVersion('linux');

/**
 * Architectures that no target has. Their Kconfig files and Makefiles stay, for others read them.
 */
const OTHER_ARCHITECTURES =
  'alpha arc csky hexagon loongarch m68k microblaze mips nios2 openrisc parisc powerpc s390 sh sparc xtensa'.split(
    ' ',
  );

/** What no symbol is built of: programs for a running system, and words for people. */
const NOT_BUILT = [
  ...OTHER_ARCHITECTURES.flatMap((name) => [`arch/${name}/*.[chS]`, `arch/${name}/*.dts*`]),
  ...['rst', 'yaml', 'txt'].map((end) => `Documentation/*.${end}`),
  'tools/perf/*',
  'tools/testing/*',
];

/**
 * Register tables of AMD's graphics processors, a third of the tree, which one symbol alone is
 * built of.
 */
export const AMDGPU_TABLES = { directory: 'drivers/gpu/drm/amd/include', symbol: 'DRM_AMDGPU' } as const;

/**
 * The tree without the files that match `further`. All that a symbol of our targets is built of is
 * in it, but for {@link AMDGPU_TABLES}.
 *
 * Debian's patches are not applied: those of this version deal with Debian's packaging, modules and
 * firmware, and its "Security fixes" section is empty because the fixes are in the stable release
 * itself.
 */
export function linuxTree(further: readonly string[] = []): PinnedDebianSource {
  return pinnedSource('linux', {
    patched: false,
    exclude: [...NOT_BUILT, `${AMDGPU_TABLES.directory}/*`, ...further].map((pattern) => `*/${pattern}`),
  });
}
