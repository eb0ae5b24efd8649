/** `cocon kernel`. */
import { defineCommand, UsageError } from '@cocon-os/cli';

import { SlicesError } from '../errors.ts';
import { evaluateTree, SLICE_OPTIONS, type SliceContext } from './context.ts';

export const kernel = defineCommand({
  name: 'kernel',
  summary: "Say why symbols of the kernel are on or off (why), or print the kernel's configuration (config)",
  args: ['why|config', 'symbol...'],
  options: SLICE_OPTIONS,
  examples: [
    { title: 'See who asked for EROFS, or what selected it', command: 'cocon kernel why EROFS_FS' },
    {
      title: 'See what a symbol lacks to be on',
      command: 'cocon kernel why CONFIG_WIREGUARD --profile cloud',
    },
    { title: 'Print the finished configuration', command: 'cocon kernel config >.config' },
  ],
  async run({ terminal, cwd }: SliceContext, { args: [action, ...symbols], options, json }) {
    if (action !== 'why' && action !== 'config') {
      throw new UsageError(
        `Cannot run "kernel ${action ?? ''}"`,
        'It is either cocon kernel why <symbol> or cocon kernel config.',
      );
    }
    if (action === 'why' && symbols.length === 0) {
      throw new UsageError('Cannot say why: no symbol was named', 'For example: cocon kernel why EROFS_FS.');
    }
    if (action === 'config' && symbols.length > 0) {
      throw new UsageError(
        `Cannot print the configuration of ${symbols.join(' and ')} alone`,
        `Ask why: cocon kernel why ${symbols.join(' ')}; cocon kernel config prints all of it.`,
      );
    }
    const graph = await evaluateTree(cwd, options.profile, options.board);
    const [{ buildTree }, { CONFIG_SLICE, kernelModel, readKernelConfig }] = await Promise.all([
      import('./build-tree.ts'),
      import('../engine/kernel-config.ts'),
    ]);
    using tree = await buildTree(graph, terminal, { targets: [CONFIG_SLICE] });
    const { built, store, cache } = tree;
    const configured = [...built.values()].find(({ node }) => node.name === CONFIG_SLICE);
    const dev = configured?.outputs.dev;
    if (configured === undefined || dev === undefined) {
      throw new SlicesError('SLICE_INVALID', `Cannot look at the kernel: ${CONFIG_SLICE} has no dev output`, {
        hint: 'It is the slice that configures the kernel; give it one.',
      });
    }
    const config = await readKernelConfig(configured.node, dev, store);
    if (action === 'config') {
      terminal.out(json ? `${JSON.stringify({ config })}\n` : config);
      return;
    }
    const model = await kernelModel(graph, configured.node, cache);
    if (model === undefined) {
      throw new SlicesError('SLICE_INVALID', "Cannot say why: the kernel's source is no Debian source", {
        hint: 'Kconfig files are read out of those alone.',
      });
    }
    const [{ Explainer }, { refuseUnknown }, { whyText }] = await Promise.all([
      import('../kconfig/explain.ts'),
      import('../kconfig/unknown-symbols.ts'),
      import('../kconfig/why-text.ts'),
    ]);
    const explainer = new Explainer(model(), config, graph.demands);
    const answers = symbols.map((symbol) => explainer.why(symbol));
    refuseUnknown(answers, explainer);
    terminal.out(
      json
        ? `${JSON.stringify({ symbols: answers })}\n`
        : answers.map((each) => `${whyText(each)}\n`).join(''),
    );
  },
});
