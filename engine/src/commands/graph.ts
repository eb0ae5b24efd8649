/** `cocon graph`. */
import { resolve } from 'node:path';

import { defineCommand, UsageError } from '@cocon-os/cli';

import type { Graph } from '../graph/graph.ts';
import { evaluateTree, oneProfile, SLICE_OPTIONS, type SliceContext } from './context.ts';

const FORMATS = ['text', 'svg', 'json'] as const;

export const graph = defineCommand({
  name: 'graph',
  summary: 'Show what a profile is built out of, with sizes, and what is in the store',
  args: ['profile?'],
  options: {
    ...SLICE_OPTIONS,
    format: { type: 'string', help: `${FORMATS.join(', ')} (default: text)`, value: '<format>' },
    output: { type: 'string', help: 'File to write (default: standard output)', value: '<file>', short: 'o' },
  },
  examples: [
    { title: 'See the tree of the embedded profile', command: 'cocon graph' },
    { title: 'Draw it', command: 'cocon graph embedded --format svg -o embedded.svg' },
  ],
  async run({ terminal, cwd }: SliceContext, { args, options, json }) {
    const format = FORMATS.find((each) => each === (options.format ?? (json ? 'json' : 'text')));
    if (format === undefined) {
      throw new UsageError(
        `Cannot draw a graph as ${options.format ?? ''}`,
        `It is one of ${FORMATS.join(', ')}.`,
      );
    }
    if (json && format !== 'json' && options.output === undefined) {
      throw new UsageError(
        `Cannot print ${format} as one JSON object`,
        'Name a file for it with --output, or leave out --json or --format.',
      );
    }
    const tree = await evaluateTree(cwd, oneProfile(args[0], options.profile), options.board);
    const text = await drawn(tree, format);
    if (options.output === undefined) {
      terminal.out(text);
      return;
    }
    const output = resolve(cwd, options.output);
    const { writeOutput } = await import('../output-file.ts');
    await writeOutput(output, text);
    const { profile, board } = tree;
    if (json) terminal.out(`${JSON.stringify({ profile, board, format, output })}\n`);
  },
});

type Format = (typeof FORMATS)[number];

async function drawn(tree: Graph, format: Format): Promise<string> {
  const [{ cacheDirectory }, { openStore }, { planOf }, { treeState }, { graphView }, { toolchainOf }] =
    await Promise.all([
      import('../cache-directory.ts'),
      import('../engine/store.ts'),
      import('../engine/plan.ts'),
      import('../engine/state.ts'),
      import('../engine/graph-view.ts'),
      import('../pins/additions.ts'),
    ]);
  const states = await treeState(planOf(tree), openStore(cacheDirectory().store), toolchainOf(tree));
  const nodes = graphView(tree, states);
  switch (format) {
    case 'text':
      return (await import('../engine/graph-text.ts')).graphText(tree, nodes);
    case 'svg':
      return (await import('../engine/graph-svg.ts')).graphSvg(tree, nodes);
    case 'json':
      return `${JSON.stringify({ profile: tree.profile, board: tree.board, nodes })}\n`;
  }
}
