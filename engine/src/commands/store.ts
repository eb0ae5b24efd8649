/** `cocon store`. */
import {
  defineCommand,
  EXIT_FAILED,
  formatBytes,
  formatCount,
  UsageError,
  type Terminal,
} from '@cocon-os/cli';

import { TARGETS, type Target } from '../define/target.ts';
import type { FsckResult, Problem } from '../engine/fsck.ts';
import type { GcResult } from '../engine/gc.ts';
import type { Graph } from '../graph/graph.ts';
import { evaluateTree, type SliceContext } from './context.ts';

export const store = defineCommand({
  name: 'store',
  summary: 'Look the store through (fsck), or remove what no profile reaches (gc)',
  args: ['fsck|gc'],
  options: {
    profile: {
      type: 'strings',
      help: 'gc: keep what this profile reaches (default: all of this directory and of the toolkit); may be repeated',
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
    {
      title: 'See what could go; builds of other projects in the same cache are among it',
      command: 'cocon store gc --dry-run',
    },
    {
      title: 'Keep the embedded profile and nothing else',
      command: 'cocon store gc --profile embedded --sources',
    },
  ],
  async run({ terminal, cwd }: SliceContext, { args: [action], options, json }) {
    if (action !== 'fsck' && action !== 'gc') {
      throw new UsageError(
        `Cannot run "store ${action ?? ''}"`,
        'It is either cocon store fsck or cocon store gc.',
      );
    }
    assertOptions(action, options);
    const { cacheDirectory } = await import('../cache-directory.ts');
    const cache = cacheDirectory();
    if (action === 'fsck') {
      const { fsck, repair } = await import('../engine/fsck.ts');
      const result = await (options.repair ? repair(cache) : fsck(cache));
      terminal.out(json ? `${JSON.stringify(result)}\n` : describeFsck(result, options.repair));
      return options.repair || result.problems.every(isLeftOver) ? undefined : EXIT_FAILED;
    }
    const [{ gc }, { toolchainLock: lock }] = await Promise.all([
      import('../engine/gc.ts'),
      import('../pins/pins.ts'),
    ]);
    const kept = await keptTrees(cwd, options.profile, options.board, terminal);
    const dryRun = options['dry-run'];
    const result = await gc(cache, { ...kept, lock, sources: options.sources, dryRun });
    terminal.out(json ? `${JSON.stringify(result)}\n` : describeGc(result, dryRun));
    return undefined;
  },
});

/** Which of the options are whose. */
const OPTIONS_OF = { fsck: ['repair'], gc: ['profile', 'board', 'sources', 'dry-run'] } as const;

/** Throws `USAGE` for an option of the other action: `fsck --repair --dry-run` would repair. */
function assertOptions(
  action: 'fsck' | 'gc',
  options: Readonly<Record<string, boolean | readonly string[]>>,
): void {
  const other = action === 'fsck' ? 'gc' : 'fsck';
  const given = OPTIONS_OF[other].find((name) => {
    const value = options[name];
    return typeof value === 'object' ? value.length > 0 : value;
  });
  if (given === undefined) return;
  throw new UsageError(
    `Cannot run "store ${action}" with --${given}`,
    `That is an option of cocon store ${other}; see cocon store --help.`,
  );
}

/**
 * Every profile on every board. Of a board that a profile is not for, or whose definitions are broken just now, nothing is
 * known, so everything that was built for it is kept.
 */
async function keptTrees(
  cwd: string,
  profiles: readonly string[],
  boards: readonly string[],
  terminal: Terminal,
): Promise<{ readonly keep: readonly Graph[]; readonly keepAllOf: readonly Target[] }> {
  const [{ loadBoard, namesOf }, { SlicesError }] = await Promise.all([
    import('../graph/load.ts'),
    import('../errors.ts'),
  ]);
  const allProfiles = profiles.length > 0 ? profiles : await namesOf('profile', cwd);
  if (allProfiles.length === 0) {
    throw new UsageError(
      'Cannot collect: there is no profile, so nothing would be kept',
      'Name one: --profile.',
    );
  }
  const keep: Graph[] = [];
  const keepAllOf = new Set<Target>();
  for (const board of boards.length > 0 ? boards : await namesOf('board', cwd)) {
    let target: Target;
    try {
      ({ target } = await loadBoard(board, cwd));
    } catch (error) {
      if (!(error instanceof SlicesError) || error.code === 'NAME_UNKNOWN') throw error;
      for (const each of TARGETS) keepAllOf.add(each);
      terminal.err(`all builds are kept, for the board ${board} is not known: ${error.message}\n`);
      continue;
    }
    for (const profile of allProfiles) {
      try {
        keep.push(await evaluateTree(cwd, profile, board));
      } catch (error) {
        if (!(error instanceof SlicesError) || error.code === 'NAME_UNKNOWN') throw error;
        keepAllOf.add(target);
        terminal.err(
          `all builds for ${target} are kept, for ${profile} on ${board} is not known: ${error.message}\n`,
        );
      }
    }
  }
  return { keep, keepAllOf: [...keepAllOf] };
}

/** What a killed build left is in nobody's way: the next build sweeps it. */
function isLeftOver({ kind }: Problem): boolean {
  return kind === 'left over';
}

function describeFsck({ blobs, keys, bytes, problems }: FsckResult, repaired: boolean): string {
  const rows = problems.map(({ kind, path, detail }) => `${kind}: ${path}: ${detail}\n`);
  const leftOver = problems.filter(isLeftOver).length;
  const damaged = problems.length - leftOver;
  const gone = repaired ? ', removed' : '';
  const ends = [
    damaged === 0 ? 'all are whole' : `${formatCount(damaged, 'problem')}${gone}`,
    ...(leftOver === 0 ? [] : [`${leftOver} left over from a build that was ended${gone}`]),
  ];
  const counts = `${formatCount(blobs, 'blob')} of ${formatBytes(bytes)} and ${formatCount(keys, 'build')}`;
  return `${rows.join('')}${counts}: ${ends.join('; ')}\n`;
}

function describeGc({ removed, kept }: GcResult, dryRun: boolean): string {
  const rows = removed
    .filter(({ kind }) => kind !== 'build')
    .map(({ kind, path, bytes }) => `${kind} ${path} ${formatBytes(bytes)}\n`);
  const bytes = removed.reduce((sum, each) => sum + each.bytes, 0);
  const word = dryRun ? 'would be removed' : 'removed';
  const count = `${removed.length} ${removed.length === 1 ? 'file or tree' : 'files and trees'} of ${formatBytes(bytes)}`;
  return `${rows.join('')}${count} ${word}; ${formatCount(kept, 'build')} kept\n`;
}
