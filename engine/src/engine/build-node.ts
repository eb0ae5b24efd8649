/** Builds one node now: sources, workspace, steps, layers. What it is given says what; what it returns is in the store. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { REPOSITORY } from '../define/location.ts';
import { OUTPUT_NAMES, type OutputName } from '../define/recipe.ts';
import { draftOf } from '../drafts.ts';
import { hasCode, removeTree } from '../files.ts';
import type { GraphNode, NodeId } from '../graph/graph.ts';
import { cutMembers, membersOfDirectory, membersOfEntries, type Member } from '../layer/members.ts';
import { fetchGraphSource } from '../sources/fetch-graph-source.ts';
import { closureOf, type ToolchainLock } from '../toolchain/lock.ts';
import { toolchainRoot } from '../toolchain/root.ts';
import type { CompilerCache } from './compiler-cache.ts';
import { diskFull, isDiskFull } from './disk-full.ts';
import { assertMachine } from './elf-machine.ts';
import type { BuildEvents } from './events.ts';
import type { KeyRecord } from './key.ts';
import { assertFilled, outputsOf, type OutputMembers } from './outputs.ts';
import { runSteps, StepFailed } from './run-steps.ts';
import type { SandboxMounts } from './sandbox.ts';
import type { Store, StoredOutput, StoredOutputs } from './store.ts';
import { copyLocal, fillWorkspace, mountsOf } from './workspace.ts';

/** A node, the record of its key, and where it is built. */
export interface NodeJob {
  readonly node: GraphNode;
  readonly record: KeyRecord;
  readonly key: string;
  /** The `dev` output of each need, by the need's name. */
  readonly needs: ReadonlyMap<string, StoredOutput>;
  readonly cache: CacheDirectory;
  readonly store: Store;
  readonly lock: ToolchainLock;
  readonly events: BuildEvents;
  /** Processors that the build may use; all, if not given. */
  readonly processors?: number;
  /** Objects of earlier builds; everything is compiled, if not given. */
  readonly compilerCache?: CompilerCache;
  readonly logPath: string;
}

/** A build under way, or one that failed. */
export interface Workspace {
  readonly directory: string;
  readonly mounts: SandboxMounts;
}

/** Where the workspace of a failed build is kept. */
export function failedPlace(cache: CacheDirectory, node: NodeId): string {
  return join(cache.work, 'failed', node);
}

/**
 * Builds and stores.
 *
 * @throws SlicesError `BUILD_FAILED` with the workspace kept in {@link failedPlace}, `DISK_FULL`, `OUTPUT_INVALID`, and what
 * fetching throws
 */
export async function buildNode(job: NodeJob): Promise<StoredOutputs> {
  const { cache, store, node } = job;
  await mkdir(cache.work, { recursive: true });
  const directory = await draftOf(join(cache.work, node.id));
  try {
    const members = await membersFor(job, directory);
    const outputs: Partial<Record<OutputName, StoredOutput>> = {};
    for (const name of OUTPUT_NAMES) {
      const chosen = members[name];
      if (chosen !== undefined) outputs[name] = await store.put(chosen);
    }
    await replaceKept(failedPlace(cache, node.id));
    return outputs;
  } catch (error) {
    if (await isDiskFull(error, cache.work)) {
      throw await diskFull(`build ${node.id}`, cache.work, error);
    }
    if (error instanceof StepFailed) await keepFailed(job, directory, error.index);
    throw error;
  } finally {
    await removeTree(directory);
  }
}

/** Builds in `directory`, which does not exist yet, and gives the members of each layer. They are read from there. */
export async function membersFor(job: NodeJob, directory: string): Promise<OutputMembers> {
  const { node } = job;
  if (node.recipe.kind === 'entries') return assembled(job, directory);
  const workspace = await prepareWorkspace(job, directory);
  await runSteps(stepsRun(job, workspace));
  return outputsOf(node, directory, workspace.mounts);
}

const UMASK = 0o022;

/** Fetches what the node needs and lays it out in `directory`, up to where its steps begin. */
export async function prepareWorkspace(job: NodeJob, directory: string): Promise<Workspace> {
  const { node, store, events } = job;
  // What is laid out must not depend on who builds.
  process.umask(UMASK);
  if (node.source !== undefined) events({ kind: 'step', node, step: 'fetch' });
  const mounts = await mountsFor(job, directory);
  events({ kind: 'step', node, step: 'prepare' });
  const { source, recipe } = node;
  await fillWorkspace(directory, {
    inputs: (recipe.kind === 'steps' && recipe.inputs) || {},
    needs: new Map([...job.needs].map(([name, output]) => [name, store.pathOf(output.digest)])),
    ...(source?.kind === 'local' ? { local: { path: localPath(source.path), digest: source.digest } } : {}),
  });
  return { directory, mounts };
}

/** How the sandbox sees a workspace in `directory`: with the toolchain and the sources, which are fetched if need be. */
export async function mountsFor(
  { node, cache, lock, events }: NodeJob,
  directory: string,
): Promise<SandboxMounts> {
  const onLine = (text: string): void => events({ kind: 'line', node, text });
  const sources = await fetchGraphSource(node.source, cache, onLine);
  const toolchain = await toolchainRoot(closureOf(lock, node.packages), cache, onLine);
  return mountsOf(directory, toolchain.directory, sources);
}

/** The run of a node's steps in its workspace. */
export function stepsRun(job: NodeJob, { mounts }: Workspace): Parameters<typeof runSteps>[0] {
  const { node, record, events, logPath, processors, compilerCache } = job;
  if (record.recipe.kind !== 'steps') throw new TypeError(`${node.id} has no steps`);
  return {
    node: node.id,
    steps: record.recipe.steps,
    mounts,
    logPath,
    processors,
    compilerCache,
    onStep: (step) => events({ kind: 'step', node, step }),
    onLine: (text) => events({ kind: 'line', node, text }),
  };
}

async function assembled({ node }: NodeJob, directory: string): Promise<OutputMembers> {
  if (node.recipe.kind !== 'entries') throw new TypeError(`${node.id} is not assembled`);
  const members = new Map<string, Member>();
  if (node.source?.kind === 'local') {
    await copyLocal(localPath(node.source.path), node.source.digest, directory);
    for (const member of await membersOfDirectory(directory, [''])) members.set(member.path, member);
  }
  for (const member of membersOfEntries(node.recipe.entries)) members.set(member.path, member);
  const outputs: Partial<Record<OutputName, readonly Member[]>> = {};
  for (const name of OUTPUT_NAMES) {
    const prefixes = node.outputs[name];
    if (prefixes === undefined) continue;
    outputs[name] = cutMembers([...members.values()], prefixes);
    assertFilled(node, name, prefixes, outputs[name]);
    if (name === 'runtime') await assertMachine(node, outputs[name]);
  }
  return outputs;
}

function localPath(path: string): string {
  return isAbsolute(path) ? path : join(REPOSITORY, path);
}

/** What is known of a kept workspace. */
export interface FailedBuild {
  readonly node: NodeId;
  readonly key: string;
  /** Index and name of the step that failed. */
  readonly index: number;
  readonly step: string;
}

/** The note beside the directories of a kept workspace. */
export const FAILED_NOTE = 'failed.json';

async function keepFailed(
  { cache, node, key, record }: NodeJob,
  directory: string,
  index: number,
): Promise<void> {
  const step = record.recipe.kind === 'steps' ? record.recipe.steps[index]?.name : undefined;
  const note: FailedBuild = { node: node.id, key, index, step: step ?? '' };
  await writeFile(join(directory, FAILED_NOTE), `${JSON.stringify(note)}\n`);
  const place = failedPlace(cache, node.id);
  await mkdir(join(place, '..'), { recursive: true });
  await replaceKept(place, directory);
}

/** Takes away the workspace that is kept in a place, and puts another one there, if given. Who is killed leaves none in part. */
async function replaceKept(place: string, by?: string): Promise<void> {
  const older = await draftOf(place);
  await rename(place, older).catch((error: unknown) => {
    if (!hasCode(error, ['ENOENT'])) throw error;
  });
  if (by !== undefined) await rename(by, place);
  await removeTree(older);
}
