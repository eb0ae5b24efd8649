/** What every command over the tree of slices is given, and how it finds the tree. */
import { UsageError, type Terminal } from '@cocon-os/cli';

import type { Slice } from '../define/slice.ts';
import type { Graph } from '../graph/graph.ts';

/** Where words go, and where relative paths begin. */
export interface SliceContext {
  readonly terminal: Terminal;
  readonly cwd: string;
}

/** The profile and the board that are meant if none is named. */
export const DEFAULT_PROFILE = 'embedded';
export const DEFAULT_BOARD = 'pc';

/** Options of the commands that work on the tree of one profile and board. */
export const TREE_OPTIONS = {
  board: { type: 'string', help: `Board to build for (default: ${DEFAULT_BOARD})`, value: '<name>' },
} as const;

/** With the profile as an option: commands that name slices have no other place for it, the others take it as an argument too. */
export const SLICE_OPTIONS = {
  profile: {
    type: 'string',
    help: `Profile to look at (default: ${DEFAULT_PROFILE})`,
    value: '<name>',
    short: 'p',
  },
  ...TREE_OPTIONS,
} as const;

/** The profile of a command that takes it as an argument or as an option. Throws `USAGE` for two. */
export function oneProfile(argument: string | undefined, option: string | undefined): string | undefined {
  if (argument === undefined || option === undefined || argument === option) return argument ?? option;
  throw new UsageError(
    `Cannot choose a profile: both "${argument}" and "${option}" are named`,
    'Name one, as an argument or with --profile.',
  );
}

/** Evaluates a profile for a board, with slices on top of the profile's. Throws what {@link evaluate} throws, and `NAME_UNKNOWN`, for symbols of the kernel too. */
export async function evaluateTree(
  cwd: string,
  profile: string = DEFAULT_PROFILE,
  board: string = DEFAULT_BOARD,
  extra: readonly Slice[] = [],
): Promise<Graph> {
  const { loadBoard, loadProfile } = await import('../graph/load.ts');
  const { evaluate } = await import('../graph/evaluate.ts');
  const { watching } = await import('../graph/pure.ts');
  const { readAdditions } = await import('../pins/additions.ts');
  const graph = await watching(async () =>
    evaluate({
      profile: await loadProfile(profile, cwd),
      board: await loadBoard(board, cwd),
      extra,
      additions: await readAdditions(cwd),
    }),
  );
  const [{ cacheDirectory }, { refuseUnknownSymbols }] = await Promise.all([
    import('../cache-directory.ts'),
    import('../kconfig/known-symbols.ts'),
  ]);
  await refuseUnknownSymbols(graph, cacheDirectory());
  return graph;
}

/** The options by which commands come to the tree of a profile and a board, each with a space before it; what is meant anyway is left out. */
export function treeOptions({ profile, board }: Pick<Graph, 'profile' | 'board'>): string {
  return (profile === DEFAULT_PROFILE ? '' : ` --profile ${profile}`) + boardOption(board);
}

/** The same for `cocon build`, which takes the profile as an argument. */
export function buildArguments({ profile, board }: Pick<Graph, 'profile' | 'board'>): string {
  return (profile === DEFAULT_PROFILE ? '' : ` ${profile}`) + boardOption(board);
}

function boardOption(board: string): string {
  return board === DEFAULT_BOARD ? '' : ` --board ${board}`;
}
