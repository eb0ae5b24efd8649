/** `cocon synth`. */
import { defineCommand } from '@cocon-os/cli';

import { evaluateTree, oneProfile, SLICE_OPTIONS, type SliceContext } from './context.ts';

export const synth = defineCommand({
  name: 'synth',
  summary: 'Print the evaluated tree of a profile and board as JSON: all that builds are made of',
  args: ['profile?'],
  options: SLICE_OPTIONS,
  examples: [
    { title: 'See what the embedded profile comes to', command: 'cocon synth embedded' },
    {
      title: 'See what a change does to the kernel',
      command: 'cocon synth embedded | jq .demands',
    },
  ],
  async run({ terminal, cwd }: SliceContext, { args, options, json }) {
    const graph = await evaluateTree(cwd, oneProfile(args[0], options.profile), options.board);
    terminal.out(`${JSON.stringify(graph, undefined, json ? 0 : 2)}\n`);
  },
});
