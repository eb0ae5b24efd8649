/** `cocon graph`. */
import { resolve } from 'node:path';

import { defineCommand, UsageError } from '@cocon-os/cli';

import { evaluateTree, TREE_OPTIONS, type SliceContext } from './context.ts';

const FORMATS = ['text', 'svg', 'json'] as const;

export const graph = defineCommand({
  name: 'graph',
  summary: 'Show what a profile is built out of, with sizes, and what is in the store',
  args: ['profile?'],
  options: {
    ...TREE_OPTIONS,
    format: { type: 'string', help: `${FORMATS.join(', ')} (default: text)`, value: '<format>' },
    output: { type: 'string', help: 'File to write (default: standard output)', value: '<file>', short: 'o' },
  },
  examples: [
    { title: 'See the tree of the embedded profile', command: 'cocon graph' },
    { title: 'Draw it', command: 'cocon graph embedded --format svg -o embedded.svg' },
  ],
  async run({ terminal, cwd }: SliceContext, { args, options, json }) {
    const format = json ? 'json' : (options.format ?? 'text');
    const tree = await evaluateTree(cwd, args[0], options.board);
    const text = await drawn(tree, format);
    if (options.output === undefined) {
      terminal.out(text);
      return;
    }
    const { writeFile } = await import('node:fs/promises');
    await writeFile(resolve(cwd, options.output), text);
  },
});

async function drawn(tree: Awaited<ReturnType<typeof evaluateTree>>, format: string): Promise<string> {
  const [{ cacheDirectory }, { openStore }, { planOf }, { treeState }, { graphView }, { default: lock }] =
    await Promise.all([
      import('../cache-directory.ts'),
      import('../engine/store.ts'),
      import('../engine/plan.ts'),
      import('../engine/state.ts'),
      import('../engine/graph-view.ts'),
      import('../../toolchain/lock.json', { with: { type: 'json' } }),
    ]);
  const states = await treeState(planOf(tree), openStore(cacheDirectory().store), lock);
  const nodes = graphView(tree, states);
  switch (format) {
    case 'text':
      return (await import('../engine/graph-text.ts')).graphText(tree, nodes);
    case 'svg':
      return (await import('../engine/graph-svg.ts')).graphSvg(tree, nodes);
    case 'json':
      return `${JSON.stringify({ profile: tree.profile, board: tree.board, nodes })}\n`;
    default:
      throw new UsageError(`Cannot draw a graph as ${format}`, `It is one of ${FORMATS.join(', ')}.`);
  }
}
