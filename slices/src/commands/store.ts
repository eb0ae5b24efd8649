/** `cocon store`. */
import { defineCommand, EXIT_FAILED, formatBytes, UsageError } from '@cocon-os/cli';

import type { GcResult } from '../engine/gc.ts';
import type { FsckResult } from '../engine/fsck.ts';
import type { Graph } from '../graph/graph.ts';
import { DEFAULT_BOARD, evaluateTree, type SliceContext } from './context.ts';

export const store = defineCommand({
  name: 'store',
  summary: 'Look the store through (fsck), or remove what no profile reaches (gc)',
  args: ['fsck|gc'],
  options: {
    profile: {
      type: 'strings',
      help: 'gc: keep what this profile reaches (default: all profiles); may be repeated',
      value: '<name>',
      short: 'p',
    },
    board: {
      type: 'strings',
      help: 'gc: keep what it reaches on this board (default: all boards); may be repeated',
      value: '<name>',
    },
    sources: {
      type: 'boolean',
      help: 'gc: remove sources and toolchains as well that nothing kept is built from',
    },
    'dry-run': { type: 'boolean', help: 'gc: say what would be removed, and remove nothing' },
    repair: { type: 'boolean', help: 'fsck: remove what is damaged or left over; it is built again' },
  },
  examples: [
    { title: 'Prove that every file in the store is what it is called', command: 'cocon store fsck' },
    { title: 'See what could go', command: 'cocon store gc --dry-run' },
    {
      title: 'Keep the embedded profile and nothing else',
      command: 'cocon store gc --profile embedded --sources',
    },
  ],
  async run({ terminal, cwd }: SliceContext, { args: [action], options, json }) {
    const { cacheDirectory } = await import('../cache-directory.ts');
    const cache = cacheDirectory();
    if (action === 'fsck') {
      const { fsck, repair } = await import('../engine/fsck.ts');
      const result = await fsck(cache);
      if (options.repair) await repair(cache, result);
      terminal.out(json ? `${JSON.stringify(result)}\n` : describeFsck(result, options.repair));
      return result.problems.length === 0 || options.repair ? undefined : EXIT_FAILED;
    }
    if (action !== 'gc') {
      throw new UsageError(
        `Cannot run "store ${action ?? ''}"`,
        'It is either cocon store fsck or cocon store gc.',
      );
    }
    const [{ gc }, { default: lock }] = await Promise.all([
      import('../engine/gc.ts'),
      import('../../toolchain/lock.json', { with: { type: 'json' } }),
    ]);
    const keep = await graphsOf(cwd, options.profile, options.board);
    const dryRun = options['dry-run'];
    const result = await gc(cache, { keep, lock, sources: options.sources, dryRun });
    terminal.out(json ? `${JSON.stringify(result)}\n` : describeGc(result, dryRun));
    return undefined;
  },
});

/** Every profile on every board that it can be evaluated for. */
async function graphsOf(
  cwd: string,
  profiles: readonly string[],
  boards: readonly string[],
): Promise<readonly Graph[]> {
  const { namesOf } = await import('../graph/load.ts');
  const allBoards = boards.length > 0 ? boards : await namesOf('board', cwd);
  const allProfiles = profiles.length > 0 ? profiles : await namesOf('profile', cwd);
  if (allProfiles.length === 0) {
    throw new UsageError(
      'Cannot collect: there is no profile, so nothing would be kept',
      'Name one: --profile.',
    );
  }
  const graphs: Graph[] = [];
  for (const profile of allProfiles) {
    for (const board of allBoards.length > 0 ? allBoards : [DEFAULT_BOARD]) {
      graphs.push(await evaluateTree(cwd, profile, board));
    }
  }
  return graphs;
}

function describeFsck({ blobs, keys, bytes, problems }: FsckResult, repaired: boolean): string {
  const rows = problems.map(({ kind, path, detail }) => `${kind}: ${path}: ${detail}\n`);
  const end =
    problems.length === 0 ? 'all are whole' : `${problems.length} problems${repaired ? ', removed' : ''}`;
  return `${rows.join('')}${blobs} blobs of ${formatBytes(bytes)} and ${keys} builds: ${end}\n`;
}

function describeGc({ removed, kept }: GcResult, dryRun: boolean): string {
  const rows = removed
    .filter(({ kind }) => kind !== 'build')
    .map(({ kind, path, bytes }) => `${kind} ${path} ${formatBytes(bytes)}\n`);
  const bytes = removed.reduce((sum, each) => sum + each.bytes, 0);
  const word = dryRun ? 'would be removed' : 'removed';
  return `${rows.join('')}${removed.length} files and trees of ${formatBytes(bytes)} ${word}; ${kept} builds kept\n`;
}
