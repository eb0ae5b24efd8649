/** {@link ensurePins} for the default images of this repository, with what moved written down and said. */
import type { Terminal } from '@cocon-os/cli';

import { cacheDirectory, type CacheDirectory } from '../cache-directory.ts';
import { DEFAULT_BOARD, DEFAULT_PROFILE } from '../commands/context.ts';
import { REPOSITORY } from '../define/location.ts';
import type { Slice } from '../define/slice.ts';
import { planOf } from '../engine/plan.ts';
import { presence } from '../engine/presence.ts';
import { treeState } from '../engine/state.ts';
import { openStore } from '../engine/store.ts';
import { SlicesError } from '../errors.ts';
import { evaluate } from '../graph/evaluate.ts';
import type { GraphNode } from '../graph/graph.ts';
import { loadBoard, loadProfile, namesOf } from '../graph/load.ts';
import { hasToolchainRoot } from '../toolchain/has-root.ts';
import { closureOf } from '../toolchain/lock.ts';
import { ensurePins, machineLockOf } from './ensure.ts';
import { machineLockPath, writeMachineLock } from './machine-lock.ts';
import { moveLines, movesBetween } from './overlay.ts';
import { pins, repositoryPins } from './pins.ts';
import { joined, useOfNodes, useOfSlices, wholeUse, type PinUse } from './use.ts';

/** What {@link ensureMachinePins} is told. */
export interface EnsureMachineOptions {
  /** Tools of the host that are built too. */
  readonly tools: readonly Slice[];
  /** Source packages that are read besides, if any: that of the kernel for its types. */
  readonly sources: readonly string[];
  /** Every profile and target, and not only what the default image lacks. */
  readonly all: boolean;
  readonly terminal: Terminal;
}

/**
 * Brings what has yet to be built from into the cache. What no place has any more moves on, in the lock of the cache, and is listed on
 * the terminal from what to what.
 *
 * @throws SlicesError what {@link ensurePins} throws
 */
export async function ensureMachinePins(options: EnsureMachineOptions): Promise<void> {
  const { tools, all, terminal } = options;
  const cache = cacheDirectory();
  const whole = all ? await everyUse(tools) : await defaultUse(tools);
  const read: PinUse = {
    sources: new Map(options.sources.map((name) => [name, false])),
    packages: new Set(),
  };
  const needed = joined(read, all ? whole : await unbuiltUse(whole, tools, cache));
  let said = Date.now();
  const onLine = (line: string): void => {
    if (Date.now() - said < HEARTBEAT_MS) return;
    said = Date.now();
    terminal.err(`pins: ${line}\n`);
  };
  const now = await ensurePins({ pins, needed, whole: joined(read, whole), cache, onLine });
  const moves = movesBetween(pins, now);
  if (moves.length === 0) return;
  await writeMachineLock(cache, machineLockOf(repositoryPins, now));
  terminal.err(
    [
      'pins: no place has some of the pinned versions any more; this machine goes on with the newest of the same series:',
      ...moveLines(moves).map((line) => `  ${line}`),
      `pins: kept in ${machineLockPath(cache)} for this machine alone; cocon pins update moves those of the repository\n`,
    ].join('\n'),
  );
}

const HEARTBEAT_MS = 2000;

/** What the default image is built out of. */
async function defaultUse(tools: readonly Slice[]): Promise<PinUse> {
  const { target } = await loadBoard(DEFAULT_BOARD, REPOSITORY);
  return useOfSlices(await loadProfile(DEFAULT_PROFILE, REPOSITORY), tools, target);
}

/** The same of every profile, and all packages of the toolchain. */
async function everyUse(tools: readonly Slice[]): Promise<PinUse> {
  const { target } = await loadBoard(DEFAULT_BOARD, REPOSITORY);
  let use: PinUse = { sources: new Map(), packages: wholeUse(pins).packages };
  for (const name of await namesOf('profile', REPOSITORY)) {
    use = joined(use, useOfSlices(await loadProfile(name, REPOSITORY), tools, target));
  }
  return use;
}

/** What of the default image the store does not have. All of it where it cannot be evaluated yet. */
async function unbuiltUse(whole: PinUse, tools: readonly Slice[], cache: CacheDirectory): Promise<PinUse> {
  try {
    const profile = await loadProfile(DEFAULT_PROFILE, REPOSITORY);
    const graph = await evaluate({ profile, board: await loadBoard(DEFAULT_BOARD, REPOSITORY), tools });
    using _ = await presence(cache);
    const plan = planOf(graph);
    const states = await treeState(plan, openStore(cache.store), pins.toolchain);
    const nodes: GraphNode[] = [];
    for (const node of plan.nodes) {
      if (states.get(node.id)?.kind === 'current') continue;
      const rooted = await hasToolchainRoot(closureOf(pins.toolchain, node.packages), cache);
      nodes.push(rooted ? { ...node, packages: [] } : node);
    }
    return useOfNodes(nodes, pins);
  } catch (thrown) {
    // A source that setup has yet to make.
    if (thrown instanceof SlicesError && thrown.code === 'SLICE_INVALID') return whole;
    throw thrown;
  }
}
