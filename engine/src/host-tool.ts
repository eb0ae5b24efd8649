/** Programs that run on this machine and are built from slices: built on first use, then found in the cache. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { Terminal } from '@cocon-os/cli';

import { buildTree } from './commands/build-tree.ts';
import { DEFAULT_BOARD } from './commands/context.ts';
import { REPOSITORY } from './define/location.ts';
import { defineProfile } from './define/profile.ts';
import type { OutputName } from './define/recipe.ts';
import type { Slice } from './define/slice.ts';
import { draftOf } from './drafts.ts';
import { SlicesError } from './errors.ts';
import { exists, removeTree } from './files.ts';
import { evaluate } from './graph/evaluate.ts';
import { loadBoard } from './graph/load.ts';
import { unpackLayer } from './layer/unpack-layer.ts';

/** A program that a slice builds. */
export interface HostTool {
  readonly slice: Slice;
  readonly output: OutputName;
  /** Inside of the output. */
  readonly path: string;
}

/** Of no image: it only carries tools. */
const toolbox = defineProfile({ name: 'tools', summary: 'Tools of the machine that builds', slices: [] });

/** The path of a tool that can be run. Throws `SlicesError` when it cannot be built. */
export async function hostTool({ slice, output, path }: HostTool, terminal: Terminal): Promise<string> {
  const board = await loadBoard(DEFAULT_BOARD, REPOSITORY);
  const graph = await evaluate({ profile: toolbox, board, tools: [slice] });
  using tree = await buildTree(graph, terminal, { named: false });
  const { built, store, cache } = tree;
  const tool = [...built.values()].find(({ node }) => node.name === slice.name)?.outputs[output];
  if (tool === undefined) {
    throw new SlicesError('SLICE_INVALID', `Cannot run ${path}: ${slice.name} has no ${output} output`, {
      hint: `Add ${output} to the outputs of ${slice.name} (${slice.definedAt}).`,
    });
  }
  const home = join(cache.tools, tool.digest.replace(':', '-'));
  const program = join(home, path);
  if (await exists(program)) return program;
  await mkdir(cache.tools, { recursive: true });
  const draft = await draftOf(home);
  try {
    await mkdir(draft);
    await unpackLayer(store.pathOf(tool.digest), draft);
    // Another process may have been faster; then its copy is the same and stays.
    await rename(draft, home).catch(async (error: unknown) => {
      if (!(await exists(program))) throw error;
    });
  } finally {
    await removeTree(draft);
  }
  return program;
}
