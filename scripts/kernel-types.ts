/**
 * Makes `slices/linux/generated/kernel-symbols.d.ts` when it is missing or of another kernel. The compiler and editors read
 * it; nothing does at run time.
 */
import { join } from 'node:path';

import { CoconError, EXIT_FAILED, messageOf } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';
import { cacheDirectory, generateKernelTypes } from '@cocon-os/engine/build';

import { linuxTree } from '../slices/linux/tree.ts';

try {
  await generateKernelTypes({
    file: join(import.meta.dirname, '../slices/linux/generated/kernel-symbols.d.ts'),
    source: linuxTree(),
    cache: cacheDirectory(),
    onStart: () => nodeTerminal.err('kernel symbols: making their types from the Kconfig files of Linux\n'),
  });
} catch (thrown) {
  nodeTerminal.err(`Cannot make the types of the kernel's symbols: ${messageOf(thrown)}\n`);
  if (thrown instanceof CoconError && thrown.hint !== undefined) nodeTerminal.err(`hint: ${thrown.hint}\n`);
  process.exitCode = EXIT_FAILED;
}
