/** `cocon why`. */
import { defineCommand, UsageError } from '@cocon-os/cli';

import { evaluateTree, SLICE_OPTIONS, type SliceContext } from './context.ts';

export const why = defineCommand({
  name: 'why',
  summary: 'Say why a slice has to be built, or was: which input changed, from what to what, and who is hit',
  args: ['slice'],
  options: SLICE_OPTIONS,
  examples: [
    { title: 'See what a change to musl means', command: 'cocon why musl' },
    { title: 'See why the kernel was rebuilt', command: 'cocon why linux --profile cloud' },
  ],
  async run({ terminal, cwd }: SliceContext, { args: [name], options, json }) {
    if (name === undefined) throw new UsageError('Cannot say why: no slice was named');
    const graph = await evaluateTree(cwd, options.profile, options.board);
    const [{ why: ask }, { whyText }, { idsOf }, { cacheDirectory }, { toolchainOf }] = await Promise.all([
      import('../engine/why.ts'),
      import('../engine/why-text.ts'),
      import('../engine/plan.ts'),
      import('../cache-directory.ts'),
      import('../pins/additions.ts'),
    ]);
    const answers = [];
    for (const id of idsOf(graph, name))
      answers.push(await ask(graph, id, cacheDirectory(), toolchainOf(graph)));
    terminal.out(json ? `${JSON.stringify({ nodes: answers })}\n` : answers.map(whyText).join(''));
  },
});
