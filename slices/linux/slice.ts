/**
 * The kernel: one file, /boot/vmlinuz, an EFI-stub image without modules.
 *
 * It is configured by the slices that it will run under: `allnoconfig` plus what they ask for. zstd and not xz packs it:
 * 0.4 MB more, and decompressing it takes a fraction of the time at every boot.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { defineSlice, type Slice } from '../src/define-slice.ts';
import { assertDemandsHold, fragmentOf, mergeDemands } from '../src/kernel/demands.ts';
import { baseDemands } from './demands.ts';
import { LINUX_VERSION, linuxSource } from './source.ts';

/** The kernel for a set of slices. */
export function linux(slices: readonly Pick<Slice, 'name' | 'kernel'>[]): Slice {
  const demands = mergeDemands([
    { name: 'linux', demands: baseDemands },
    ...slices.map(({ name, kernel }) => ({ name, demands: kernel ?? [] })),
  ]);
  return defineSlice({
    name: 'linux',
    version: LINUX_VERSION,
    license: 'GPL-2.0-only WITH Linux-syscall-note',
    summary: 'Kernel with an EFI stub, without modules',
    source: linuxSource,
    build: {
      kind: 'steps',
      inputs: { fragment: fragmentOf(demands) },
      hostPackages: ['bc', 'bison', 'flex', 'libelf-dev', 'zstd'],
      steps: [
        {
          name: 'configure',
          script: 'KCONFIG_ALLCONFIG=/inputs/fragment make -C source -s allnoconfig',
          check: async (build) =>
            assertDemandsHold(await readFile(join(build, 'source/.config'), 'utf8'), demands),
        },
        { name: 'compile', script: 'make -C source -j"$(nproc)" bzImage' },
        { name: 'install', script: 'install -D -m 644 source/arch/x86/boot/bzImage /out/boot/vmlinuz' },
      ],
    },
    outputs: { runtime: [''] },
  });
}
