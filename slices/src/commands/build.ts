/** `cocon build`. */
import { relative, resolve } from 'node:path';

import { defineCommand, formatBytes, UsageError } from '@cocon-os/cli';

import type { BuiltNode } from '../engine/build.ts';
import type { SliceSize } from '../engine/sizes.ts';
import type { NodeId } from '../graph/graph.ts';
import type { ProfileImage } from '../image/profile-image.ts';
import { evaluateTree, TREE_OPTIONS, type SliceContext } from './context.ts';

export const build = defineCommand({
  name: 'build',
  summary: 'Build a profile for a board into an OCI image; what has not changed is taken from the store',
  args: ['profile?'],
  options: {
    ...TREE_OPTIONS,
    target: {
      type: 'strings',
      help: 'Build only this slice and what it needs, and no image; may be repeated',
      value: '<slice>',
      short: 't',
    },
    jobs: {
      type: 'number',
      help: 'Slices that are built at the same time (default: one per processor)',
      value: '<n>',
      short: 'j',
    },
    output: {
      type: 'string',
      help: 'OCI layout to write (default: out/<profile>-<board>)',
      value: '<directory>',
      short: 'o',
    },
    name: { type: 'string', help: 'Name of the image (default: the profile)', value: '<name>' },
  },
  examples: [
    { title: 'Build the embedded profile', command: 'cocon build embedded' },
    { title: 'Build one slice and what it needs', command: 'cocon build --target busybox' },
    {
      title: 'Build for another processor',
      command: 'cocon build --board virt-aarch64 --target crun',
    },
  ],
  async run({ terminal, cwd }: SliceContext, { args, options, json }) {
    const { target: targets, jobs } = options;
    if (jobs !== undefined && !(Number.isInteger(jobs) && jobs > 0)) {
      throw new UsageError(`Cannot build with ${jobs} jobs`, 'Give a whole number from 1 on.');
    }
    const graph = await evaluateTree(cwd, args[0], options.board);
    const { buildTree } = await import('./build-tree.ts');
    const tree = await buildTree(graph, terminal, { targets, jobs });
    const { built } = tree;
    if (targets.length > 0) {
      const { noteSizes, proveBudgets, sizesOf } = await import('../engine/sizes.ts');
      const sizes = await sizesOf(graph, built, tree.cache);
      await proveBudgets(sizes, tree.store);
      await noteSizes(graph, sizes, tree.cache);
      terminal.out(json ? `${JSON.stringify({ nodes: nodesReport(built) })}\n` : describeNodes(built));
      return;
    }
    const { outputName } = await import('../graph/names.ts');
    const { imageOfTree } = await import('../image/build-profile.ts');
    const directory = resolve(
      cwd,
      options.output ?? `out/${await outputName(graph.profile, graph.board, cwd)}`,
    );
    const name = options.name ?? graph.profile;
    const { image, sizes } = await imageOfTree(graph, tree, { directory, name });
    if (json) {
      const report = { ...image, architecture: graph.target, sizes, nodes: nodesReport(built) };
      terminal.out(`${JSON.stringify(report)}\n`);
      return;
    }
    terminal.out(await describe(cwd, image, sizes, built));
  },
});

function nodesReport(built: ReadonlyMap<NodeId, BuiltNode>): readonly unknown[] {
  return [...built.values()].map(({ node, key, outputs, built: now }) => ({
    id: node.id,
    version: node.version,
    key,
    built: now,
    outputs,
  }));
}

function describeNodes(built: ReadonlyMap<NodeId, BuiltNode>): string {
  return [...built.values()]
    .flatMap(({ node, outputs }) =>
      Object.entries(outputs).map(
        ([name, { digest, fileBytes }]) =>
          `${node.id} ${node.version} ${name} ${digest} ${formatBytes(fileBytes)}\n`,
      ),
    )
    .join('');
}

async function describe(
  cwd: string,
  image: ProfileImage,
  sizes: readonly SliceSize[],
  built: ReadonlyMap<NodeId, BuiltNode>,
): Promise<string> {
  const { formatChange } = await import('../engine/sizes.ts');
  const width = Math.max(0, ...sizes.map(({ node }) => node.length));
  const rows = sizes.map(({ node, fileBytes, before, budget }) => {
    const change = fileBytes - (before?.fileBytes ?? fileBytes);
    const parts = [
      `${node.padEnd(width)}  ${formatBytes(fileBytes).padStart(10)}`,
      budget === undefined ? '' : `of ${formatBytes(budget)}`,
      change === 0 ? '' : formatChange(change),
    ];
    return `${parts.filter((part) => part !== '').join('  ')}\n`;
  });
  const total = sizes.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  const now = [...built.values()].filter((each) => each.built).length;
  const place = relative(cwd, image.layoutDirectory) || '.';
  return [
    ...rows,
    `${formatBytes(total)} in ${image.layers} layers; ${now} of ${built.size} built, the rest was there\n`,
    `${place} ${image.digest}\n`,
  ].join('');
}
