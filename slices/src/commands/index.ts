/** The commands over the tree of slices. Each loads what it needs when it runs. */
import type { Command } from '@cocon-os/cli';

import { build } from './build.ts';
import type { SliceContext } from './context.ts';
import { synth } from './synth.ts';

export const sliceCommands: readonly Command<SliceContext>[] = [build, synth];
