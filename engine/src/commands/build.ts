/** `cocon build`. */
import { relative, resolve } from 'node:path';

import { defineCommand, formatBytes, formatCount, UsageError, type Command } from '@cocon-os/cli';

import { TARGET_NAMES } from '../define/target.ts';
import type { BuiltNode } from '../engine/build.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import type { ImageOfTree } from '../image/build-profile.ts';
import type { Sealer } from '../image/sealer.ts';
import { evaluateTree, oneProfile, SLICE_OPTIONS, type SliceContext } from './context.ts';
import { releaseSlices } from './release-slices.ts';
import { sayThatItWaits } from './waiting.ts';

/** The command; the sealer measures images for their profiles' budgets. */
export function buildCommand(sealer: Sealer): Command<SliceContext> {
  return defineCommand({
    name: 'build',
    summary: 'Build a profile for a board into an OCI image; what has not changed is taken from the store',
    args: ['profile?'],
    options: {
      ...SLICE_OPTIONS,
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
      'no-compiler-cache': {
        type: 'boolean',
        help: 'Compile everything; take no object that an earlier build of the same slice has left',
      },
      output: {
        type: 'string',
        help: 'OCI layout to write (default: out/<profile>-<board>)',
        value: '<directory>',
        short: 'o',
      },
      name: { type: 'string', help: 'Name of the image (default: the profile)', value: '<name>' },
      'trusted-key': {
        type: 'strings',
        help: 'Public key whose releases the system accepts as updates; may be repeated',
        value: '<file>',
      },
      'release-version': {
        type: 'string',
        help: 'What /etc/os-release says (default: 0, or no such file without a key)',
        value: '<version>',
      },
    },
    examples: [
      { title: 'Build the embedded profile', command: 'cocon build embedded' },
      {
        title: 'One that can be updated with what release.key signs',
        command: 'cocon build embedded --trusted-key release.pub --release-version 1',
      },
      { title: 'Build one slice and what it needs', command: 'cocon build --target busybox' },
      {
        title: 'Build for another processor',
        command: 'cocon build --board virt-aarch64 --target crun',
      },
    ],
    async run({ terminal, cwd }: SliceContext, { args, options, json }) {
      const { target: targets, jobs, 'no-compiler-cache': compileAll } = options;
      if (jobs !== undefined && !(Number.isInteger(jobs) && jobs > 0)) {
        throw new UsageError(`Cannot build with ${jobs} jobs`, 'Give a whole number from 1 on.');
      }
      const forImage = IMAGE_OPTIONS.find((name) => (options[name]?.length ?? 0) > 0);
      if (targets.length > 0 && forImage !== undefined) {
        throw new UsageError(
          `Cannot write an image with --${forImage}: with --target there is none`,
          'Leave out --target for the image of the whole profile.',
        );
      }
      const { 'trusted-key': keys, 'release-version': version } = options;
      const profileName = oneProfile(args[0], options.profile);
      const release = await releaseSlices(
        keys.map((key) => resolve(cwd, key)),
        version,
        sealer,
      );
      const graph = await evaluateTree(cwd, profileName, options.board, release);
      const [{ cacheDirectory }, { announce }] = await Promise.all([
        import('../cache-directory.ts'),
        import('../engine/presence.ts'),
      ]);
      using _ = announce(cacheDirectory(), sayThatItWaits(terminal));
      const { outputName } = await import('../graph/names.ts');
      const { profile, board } = graph;
      const directory =
        targets.length > 0
          ? undefined
          : resolve(cwd, options.output ?? `out/${await outputName(profile, board, cwd)}`);
      const { buildTree } = await import('./build-tree.ts');
      using tree = await buildTree(graph, terminal, { targets, jobs, compilerCache: !compileAll });
      const { built } = tree;
      if (directory === undefined) {
        const { noteSizes, proveBudgets, sizesOf } = await import('../engine/sizes.ts');
        const sizes = await sizesOf(graph, built, tree.cache);
        await proveBudgets(sizes, tree.store);
        await noteSizes(graph, sizes, tree.cache);
        terminal.out(json ? `${JSON.stringify({ nodes: nodesReport(built) })}\n` : describeNodes(built));
        return;
      }
      const { imageOfTree } = await import('../image/build-profile.ts');
      const name = options.name ?? profile;
      const done = await imageOfTree(graph, tree, { directory, name, version }, { sealer, cwd });
      if (json) {
        const { image, ...measured } = done;
        const { target } = graph;
        const architecture = TARGET_NAMES[target].oci;
        const report = { ...image, target, architecture, ...measured, nodes: nodesReport(built) };
        terminal.out(`${JSON.stringify(report)}\n`);
        return;
      }
      terminal.out(await describe(cwd, graph, done, built));
    },
  });
}

/** Options that say nothing of slices. */
const IMAGE_OPTIONS = ['output', 'name', 'trusted-key', 'release-version'] as const;

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
  { budget: limit }: Graph,
  { image, sizes, sealedBytes }: ImageOfTree,
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
    `${formatBytes(total)} in ${formatCount(image.layers, 'layer')}; ${now} of ${built.size} built, the rest was there\n`,
    ...(sealedBytes === undefined ? [] : [sealedLine(sealedBytes, limit.sizeBytes)]),
    `${place} ${image.digest}\n`,
  ].join('');
}

function sealedLine(bytes: number, budget = 0): string {
  return `${formatBytes(bytes)} sealed, of ${formatBytes(budget)}\n`;
}
