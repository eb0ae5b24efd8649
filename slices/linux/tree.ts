/** Linux as Debian stable ships it: for the kernel, for its configuration, and for the headers that programs are compiled against. */
import { debianSource, type PinnedDebianSource } from '../src/define/source.ts';

/** Upstream's version. */
export const LINUX_VERSION = '6.12.107';

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
  return debianSource({
    package: 'linux',
    version: '6.12.107-1',
    upstream: {
      name: 'linux_6.12.107.orig.tar.xz',
      sha256: 'efc76d3c78a5d65f42724118c437d11db1c9f6309a5f024ee9a8b1978fdc6919',
    },
    debian: {
      name: 'linux_6.12.107-1.debian.tar.xz',
      sha256: 'd8c003ecac7c54f59c69dc61258f93d937dce90e70f53bb5a34dd58db13028ed',
    },
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
