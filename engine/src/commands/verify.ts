/** `cocon verify`. */
import { defineCommand, EXIT_FAILED } from '@cocon-os/cli';

import type { Verified } from '../engine/verify.ts';
import type { NodeId } from '../graph/graph.ts';
import { evaluateTree, SLICE_OPTIONS, type SliceContext } from './context.ts';

export const verify = defineCommand({
  name: 'verify',
  summary:
    'Compare stored layers with their digests or, with --rebuild, with a second build of the same inputs',
  args: ['slice...'],
  options: {
    ...SLICE_OPTIONS,
    rebuild: {
      type: 'boolean',
      help: 'Build each again, in another directory with one processor, and explain the first difference',
    },
  },
  examples: [
    { title: 'Read every layer of the embedded profile again', command: 'cocon verify' },
    {
      title: 'Prove that busybox and musl are built the same twice',
      command: 'cocon verify --rebuild musl busybox',
    },
  ],
  async run({ terminal, cwd }: SliceContext, { args, options, json }) {
    const graph = await evaluateTree(cwd, options.profile, options.board);
    const { idsOf } = await import('../engine/plan.ts');
    const ids =
      args.length === 0 ? graph.nodes.map(({ id }) => id) : args.flatMap((name) => idsOf(graph, name));
    const { buildTree } = await import('./build-tree.ts');
    using tree = await buildTree(graph, terminal, { targets: ids });
    const { cache, lock } = tree;
    const { buildProgress } = await import('../engine/progress.ts');
    const events = buildProgress(terminal);
    const results = options.rebuild
      ? await (await import('../engine/verify.ts')).verify(graph, ids, { cache, lock, events })
      : await readAgain(ids);
    terminal.out(
      json ? `${JSON.stringify({ nodes: results.map(report) })}\n` : results.map(describe).join(''),
    );
    const sound = results.every(({ same }) => same);
    if (!sound && !options.rebuild)
      terminal.err('hint: to have what is damaged built again, run cocon store fsck --repair\n');
    return sound ? undefined : EXIT_FAILED;
  },
});

/** The digests of the stored layers, as they are now. */
async function readAgain(ids: readonly NodeId[]): Promise<readonly Verified[]> {
  const [{ cacheDirectory }, { openStore }, { lastBuild }, { sha256OfFile }] = await Promise.all([
    import('../cache-directory.ts'),
    import('../engine/store.ts'),
    import('../engine/state.ts'),
    import('../files.ts'),
  ]);
  const store = openStore(cacheDirectory().store);
  const results: Verified[] = [];
  for (const id of ids) {
    const outputs = [];
    for (const [output, { digest }] of Object.entries((await lastBuild(id, store))?.outputs ?? {})) {
      const rebuilt = `sha256:${await sha256OfFile(store.pathOf(digest))}`;
      outputs.push({ output, stored: digest, rebuilt });
    }
    const same = outputs.every(({ stored, rebuilt }) => stored === rebuilt);
    results.push({ node: id, same, outputs, seconds: 0 });
  }
  return results;
}

function report({ failure, ...verified }: Verified): unknown {
  return failure === undefined ? verified : { ...verified, failure: failure.message };
}

function describe({ node, outputs, failure }: Verified): string {
  if (failure !== undefined) return `${node}: ${failure.message}\n`;
  return outputs
    .map(({ output, stored, rebuilt, difference }) =>
      stored === rebuilt
        ? `${node} ${output}: the same, ${stored}\n`
        : `${node} ${output}: differs, ${stored} -> ${rebuilt}\n${difference === undefined ? '' : `  ${difference}\n`}`,
    )
    .join('');
}
