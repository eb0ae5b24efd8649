/**
 * Makes sure that the pinned files that the demo and the tests have yet to build from can be had, and moves on where they cannot:
 * see "Pins are data" in `engine/DESIGN.md`. With `--all`, those of every profile and target.
 */

import { CoconError, EXIT_FAILED, messageOf } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';
import { ensureMachinePins, kernelTypesAreCurrent } from '@cocon-os/engine/build';

import { erofsUtils } from '../slices/erofs-utils/slice.ts';
import { linuxTree } from '../slices/linux/tree.ts';
import { KERNEL_TYPES } from './kernel-types-file.ts';

try {
  await ensureMachinePins({
    tools: [erofsUtils],
    sources: (await kernelTypesAreCurrent(KERNEL_TYPES, linuxTree())) ? [] : ['linux'],
    all: process.argv.includes('--all'),
    terminal: nodeTerminal,
  });
} catch (thrown) {
  nodeTerminal.err(`Cannot go on with the pinned sources: ${messageOf(thrown)}\n`);
  if (thrown instanceof CoconError && thrown.hint !== undefined) nodeTerminal.err(`hint: ${thrown.hint}\n`);
  process.exitCode = EXIT_FAILED;
}
