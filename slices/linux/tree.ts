/** Linux as Debian stable ships it: for the kernel, for its configuration, and for the headers that programs are compiled against. */
import { pinnedSource, pinnedVersion, type PinnedDebianSource } from '@cocon-os/engine';

/** Upstream's version. */
export const LINUX_VERSION = pinnedVersion('linux');

/** Trees that no target builds. Only their Kconfig files are read, so the rest need not be unpacked. */
const NOT_BUILT = [
  ...'alpha arc csky hexagon loongarch m68k microblaze mips nios2 openrisc parisc powerpc s390 sh sparc xtensa'
    .split(' ')
    .map((name) => `arch/${name}`),
  ...['gpu', 'iio', 'infiniband', 'media', 'net/ethernet', 'net/wireless', 'staging'].map(
    (name) => `drivers/${name}`,
  ),
  'sound',
];

/**
 * The tree without the files that match `further`.
 *
 * Debian's patches are not applied: those of this version deal with Debian's packaging, modules and firmware, and its
 * "Security fixes" section is empty because the fixes are in the stable release itself.
 */
export function linuxTree(further: readonly string[] = []): PinnedDebianSource {
  return pinnedSource('linux', {
    patched: false,
    exclude: [
      ...NOT_BUILT.map((name) => `*/${name}/*.[chS]`),
      '*/arch/*.dts*',
      '*/Documentation/*.rst',
      '*/Documentation/*.yaml',
      '*/Documentation/*.txt',
      '*/tools/testing/*',
      ...further,
    ],
  });
}
