/** The commands over the tree of slices. Each loads what it needs when it runs. */
import type { Command } from '@cocon-os/cli';

import type { Sealer } from '../image/sealer.ts';
import { buildCommand } from './build.ts';
import type { SliceContext } from './context.ts';
import { graph } from './graph.ts';
import { kernel } from './kernel.ts';
import { shell } from './shell.ts';
import { store } from './store.ts';
import { synth } from './synth.ts';
import { verify } from './verify.ts';
import { why } from './why.ts';

/** All of them; the sealer measures what `build` builds. */
export function sliceCommands(sealer: Sealer): readonly Command<SliceContext>[] {
  return [buildCommand(sealer), synth, why, graph, kernel, shell, verify, store];
}

export type { Sealer } from '../image/sealer.ts';
