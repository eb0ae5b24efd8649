/** The commands over the tree of slices. Each loads what it needs when it runs. */
import type { Command } from '@cocon-os/cli';

import { build } from './build.ts';
import type { SliceContext } from './context.ts';
import { graph } from './graph.ts';
import { kernel } from './kernel.ts';
import { shell } from './shell.ts';
import { store } from './store.ts';
import { synth } from './synth.ts';
import { verify } from './verify.ts';
import { why } from './why.ts';

export const sliceCommands: readonly Command<SliceContext>[] = [
  build,
  synth,
  why,
  graph,
  kernel,
  shell,
  verify,
  store,
];
