/**
 * Makes `slices/linux/generated/kernel-symbols.d.ts` when it is missing or of another kernel. The compiler and editors read
 * it; nothing does at run time.
 */
import { CoconError, EXIT_FAILED, messageOf } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';
import { cacheDirectory, generateKernelTypes } from '@cocon-os/engine/build';

import { linuxTree } from '../slices/linux/tree.ts';
import { KERNEL_TYPES } from './kernel-types-file.ts';

try {
  await generateKernelTypes({
    file: KERNEL_TYPES,
    source: linuxTree(),
    cache: cacheDirectory(),
    onStart: () => nodeTerminal.err('kernel symbols: making their types from the Kconfig files of Linux\n'),
  });
} catch (thrown) {
  nodeTerminal.err(`Cannot make the types of the kernel's symbols: ${messageOf(thrown)}\n`);
  if (thrown instanceof CoconError && thrown.hint !== undefined) nodeTerminal.err(`hint: ${thrown.hint}\n`);
  process.exitCode = EXIT_FAILED;
}
