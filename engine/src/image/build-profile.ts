/** A profile for a board, from its definition to an OCI image whose slices keep their budgets. */
import { cacheDirectory, type CacheDirectory } from '../cache-directory.ts';
import { buildTree, type BuiltTree } from '../commands/build-tree.ts';
import { DEFAULT_BOARD, DEFAULT_PROFILE } from '../commands/context.ts';
import type { Slice } from '../define/slice.ts';
import { TARGET_NAMES } from '../define/target.ts';
import { noteSizes, proveBudgets, sizesOf, type SliceSize } from '../engine/sizes.ts';
import { evaluate } from '../graph/evaluate.ts';
import type { Graph } from '../graph/graph.ts';
import { loadBoard, loadProfile } from '../graph/load.ts';
import { watching } from '../graph/pure.ts';
import { readAdditions } from '../pins/additions.ts';
import { movesOf } from '../pins/moves-of.ts';
import { movedPins } from '../pins/pins.ts';
import { refuseUnknownSymbols } from '../kconfig/known-symbols.ts';
import type { Terminal } from '@cocon-os/cli';
import type { BuiltImage } from './oci-image.ts';
import { keepSealedBudget, type SealedBudget } from './sealed-budget.ts';
import { writeProfileImage, type ProfileImage, type ProfileImageOptions } from './profile-image.ts';

/** What is built, and where it goes. */
export interface BuildProfileOptions {
  /** Where folders of profiles and boards are looked for first. */
  readonly cwd: string;
  readonly profile?: string | undefined;
  readonly board?: string | undefined;
  /** Slices on top of the profile's: what makes a release this one. */
  readonly extra?: readonly Slice[];
  readonly version?: string | undefined;
  /** The layout directory to write. It is replaced when it exists. */
  readonly directory: string;
  /** Hears of the build's progress. */
  readonly terminal: Terminal;
}

/** An image and what it was built from. */
export interface BuiltProfile {
  readonly graph: Graph;
  /** In the words of the OCI image spec. */
  readonly architecture: string;
  readonly layoutDirectory: string;
  readonly sizes: readonly SliceSize[];
  readonly cache: CacheDirectory;
}

/** Builds it. Throws what evaluating and building throw, and `BUDGET_EXCEEDED`. */
export async function buildProfile(options: BuildProfileOptions): Promise<BuiltProfile> {
  const { cwd, extra = [], version, directory, terminal } = options;
  const graph = await watching(async () => {
    const profile = await loadProfile(options.profile ?? DEFAULT_PROFILE, cwd);
    const board = await loadBoard(options.board ?? DEFAULT_BOARD, cwd);
    return await evaluate({ profile, board, extra, additions: await readAdditions(cwd) });
  });
  await refuseUnknownSymbols(graph, cacheDirectory());
  using tree = await buildTree(graph, terminal);
  const { image, sizes } = await imageOfTree(graph, tree, { directory, name: graph.profile, version });
  const architecture = TARGET_NAMES[graph.target].oci;
  return { graph, architecture, layoutDirectory: image.layoutDirectory, sizes, cache: tree.cache };
}

/** The image of a finished build. */
export interface ImageOfTree {
  readonly image: ProfileImage;
  readonly sizes: readonly SliceSize[];
  /** Where a sealer was given and the profile has a budget. */
  readonly sealedBytes?: number;
}

/**
 * The image of a finished build whose slices keep their budgets. With a sealer the whole is held to that of its profile
 * too. Throws `BUDGET_EXCEEDED` and what writing throws.
 */
export async function imageOfTree(
  graph: Graph,
  { built, cache, store, lock }: BuiltTree,
  place: Pick<ProfileImageOptions, 'directory' | 'name' | 'version'>,
  sealing?: Pick<SealedBudget, 'sealer' | 'cwd'>,
): Promise<ImageOfTree> {
  const sizes = await sizesOf(graph, built, cache);
  await proveBudgets(sizes, store);
  const inImage = sizes.filter(({ node }) => graph.image.includes(node));
  let sealedBytes: number | undefined;
  const accept = async (image: BuiltImage): Promise<void> => {
    if (sealing === undefined) return;
    sealedBytes = await keepSealedBudget(image, { graph, sizes: inImage, cache, ...sealing });
  };
  const moved = movesOf(graph.nodes, lock, movedPins);
  const image = await writeProfileImage({ graph, built, store, accept, moved, ...place });
  await noteSizes(graph, sizes, cache);
  return { image, sizes: inImage, ...(sealedBytes === undefined ? {} : { sealedBytes }) };
}
