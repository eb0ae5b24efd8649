/** Programs that run on this machine and are built from slices: built on first use, then found in the cache. */
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { erofsUtils } from '../erofs-utils/slice.ts';
import type { Builder } from './build/builder.ts';
import { unpackLayer } from './build/run-steps.ts';
import { visibleBuilder } from './build/visible-builder.ts';
import type { Slice } from './define-slice.ts';
import { SlicesError } from './errors.ts';

/** The tools that there are. */
export type HostTool = 'mkfs.erofs' | 'dump.erofs' | 'fsck.erofs';

const TOOLS: Readonly<Record<HostTool, { readonly slice: Slice; readonly path: string }>> = {
  'mkfs.erofs': { slice: erofsUtils, path: 'bin/mkfs.erofs' },
  'dump.erofs': { slice: erofsUtils, path: 'bin/dump.erofs' },
  'fsck.erofs': { slice: erofsUtils, path: 'bin/fsck.erofs' },
};

/**
 * The path of a tool that can be run. Building it takes about half a minute. Throws `SlicesError` when it cannot be built.
 */
export async function hostTool(name: HostTool, builder: Builder = visibleBuilder()): Promise<string> {
  const { slice, path } = TOOLS[name];
  const { tool } = (await builder.build(slice)).outputs;
  if (tool === undefined) {
    throw new SlicesError('SLICE_INVALID', `Cannot run ${name}: ${slice.name} has no tool output`, {
      hint: `Add tool to the outputs of ${slice.name}.`,
    });
  }
  const home = join(builder.cache.tools, tool.digest.replace(':', '-'));
  const program = join(home, path);
  if (await exists(program)) return program;
  await mkdir(builder.cache.tools, { recursive: true });
  const draft = await mkdtemp(`${home}.`);
  try {
    await unpackLayer(builder.store.pathOf(tool.digest), draft);
    // Another process may have been faster; then its copy is the same and stays.
    await rename(draft, home).catch(async (error: unknown) => {
      if (!(await exists(program))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return program;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
