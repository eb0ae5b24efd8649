/** `cocon shell`. */
import { defineCommand, EXIT_FAILED, UsageError } from '@cocon-os/cli';

import { buildArguments, evaluateTree, SLICE_OPTIONS, type SliceContext } from './context.ts';

export const shell = defineCommand({
  name: 'shell',
  summary:
    "Open a shell in the exact sandbox of a slice's build: where it failed, or at a step of a fresh one",
  args: ['slice'],
  options: {
    ...SLICE_OPTIONS,
    step: { type: 'string', help: 'Begin afresh and stop before this step', value: '<name>' },
    resume: {
      type: 'boolean',
      help: 'When the shell ends with 0, run the failed step and the rest there; stores nothing',
    },
  },
  examples: [
    { title: 'Look at the place where the kernel failed', command: 'cocon shell linux' },
    { title: 'Mend it by hand there and go on', command: 'cocon shell linux --resume' },
    { title: 'Try what busybox has in its configuration', command: 'cocon shell busybox --step compile' },
  ],
  async run({ terminal, cwd }: SliceContext, { args: [name], options, json }) {
    if (name === undefined) throw new UsageError('Cannot open a shell: no slice was named');
    const graph = await evaluateTree(cwd, options.profile, options.board);
    const [{ buildTree }, { buildProgress }, engine, { jobFor }, plans, { treeState }] = await Promise.all([
      import('./build-tree.ts'),
      import('../engine/progress.ts'),
      import('../engine/shell.ts'),
      import('../engine/verify.ts'),
      import('../engine/plan.ts'),
      import('../engine/state.ts'),
    ]);
    const [id, ...others] = plans.idsOf(graph, name);
    if (id === undefined || others.length > 0) {
      throw new UsageError(
        `Cannot open a shell for ${name}: it is built for several platforms`,
        `Name one: ${[id, ...others].join(', ')}.`,
      );
    }
    const plan = plans.planOf(graph);
    const { needs } = plan.node(id);
    // Without needs there is nothing to build first; no target at all would mean the whole tree.
    using tree = needs.length === 0 ? undefined : await buildTree(graph, terminal, { targets: needs });
    const { cacheDirectory } = await import('../cache-directory.ts');
    const { openStore } = await import('../engine/store.ts');
    const { toolchainOf } = await import('../pins/additions.ts');
    const lock = toolchainOf(graph);
    const cache = tree?.cache ?? cacheDirectory();
    const store = openStore(cache.store);
    const states = await treeState(plan, store, lock);
    const state = states.get(id);
    if (state === undefined) throw new TypeError(`${id} has no state`);
    const job = jobFor(state, states, store, { cache, lock, events: buildProgress(terminal) });
    const workspace = await engine.openWorkspace(job, { step: options.step });
    try {
      terminal.err(greeting(id, workspace, engine.SCRIPTS));
      const status = await engine.shell(workspace, json ? 'err' : 'out');
      const resumed = options.resume && status === 0;
      if (resumed) await engine.resume(job, workspace);
      if (json) terminal.out(`${JSON.stringify({ node: id, status, resumed })}\n`);
      if (!resumed) return status === 0 ? undefined : EXIT_FAILED;
      const said = `${id} runs through from step "${workspace.step?.name ?? ''}"; nothing was stored`;
      if (!json) terminal.out(`${said}\n`);
      terminal.err(
        `hint: put what you changed into its definition, then: cocon build${buildArguments(graph)} --target ${id}\n`,
      );
      return undefined;
    } finally {
      const kept = await workspace.close();
      if (kept !== undefined) {
        terminal.err(
          `${id} was built meanwhile; this workspace is kept until the next such one or store gc: ${kept}\n`,
        );
      }
    }
  },
});

function greeting(
  id: string,
  { failed, changed, step }: Awaited<ReturnType<typeof import('../engine/shell.ts').openWorkspace>>,
  scripts: string,
): string {
  const place = failed ? 'where its last build failed' : 'in a fresh workspace';
  const lines = [
    `${id}, ${place}, before step "${step?.name ?? 'end'}"`,
    `The scripts of its steps lie in ${scripts}; a step runs as: bash ${scripts}/<number>-<name>`,
  ];
  if (changed) lines.push('Its definition has changed since it failed; the steps are the present ones.');
  return `${lines.join('\n')}\n`;
}
