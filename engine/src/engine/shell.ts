/**
 * A shell in the exact sandbox of a build: where its last build failed, or in a fresh workspace up to a step. What is done
 * there enters no store; only whole builds do.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { BuildStep } from '../define/recipe.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { removeTree } from '../files.ts';
import {
  FAILED_NOTE,
  mountsFor,
  prepareWorkspace,
  stepsRun,
  type FailedBuild,
  type NodeJob,
  type Workspace,
} from './build-node.ts';
import { outputsOf } from './outputs.ts';
import { presence } from './presence.ts';
import { runSteps } from './run-steps.ts';
import { shellInSandbox } from './sandbox.ts';
import { giveBack, giveBackLeft, takeWorkspace } from './taken-workspace.ts';
import { writablePlace } from './writable-place.ts';

/** A workspace at the beginning of a step. */
export interface OpenWorkspace extends Workspace {
  /** Index of the step that comes next. */
  readonly next: number;
  readonly step: BuildStep | undefined;
  /** Whether it is the one that a failed build left. */
  readonly failed: boolean;
  /** Whether the definition has changed since it failed. The steps are those of the present one. */
  readonly changed: boolean;
  /** Ends the use of it. Where it is kept, if it was a failed build's and its node was built meanwhile. */
  close(): Promise<string | undefined>;
}

/** Where the scripts of the steps lie inside, by number and name. */
export const SCRIPTS = '/tmp/steps';

/**
 * Opens a workspace: at a step of a fresh one if `step` is given, else where the last build failed, else of a fresh one
 * at the first step behind those that unpack the source. It, and what the store has, stay until it is closed.
 *
 * @throws SlicesError `NAME_UNKNOWN` for a step, `NOTHING_FAILED` when `failed` is wanted and not there
 */
export async function openWorkspace(job: NodeJob, wanted: WantedWorkspace = {}): Promise<OpenWorkspace> {
  const present = await presence(job.cache);
  try {
    const workspace = await open(job, wanted);
    const close = async (): Promise<string | undefined> => {
      try {
        return await workspace.close();
      } finally {
        present[Symbol.dispose]();
      }
    };
    return { ...workspace, close };
  } catch (thrown) {
    present[Symbol.dispose]();
    throw thrown;
  }
}

/** What {@link openWorkspace} is asked for. */
interface WantedWorkspace {
  readonly step?: string | undefined;
  readonly failed?: boolean;
}

async function open(job: NodeJob, wanted: WantedWorkspace): Promise<OpenWorkspace> {
  const steps = stepsOf(job);
  const taken = wanted.step === undefined ? await takeFailed(job) : undefined;
  if (taken !== undefined) return openFailed(job, taken, steps);
  if (wanted.failed === true) {
    throw new SlicesError('NOTHING_FAILED', `Cannot resume ${job.node.id}: no failed build of it is kept`, {
      hint: `Build it, or open a fresh workspace: cocon shell ${job.node.id}`,
      facts: { node: job.node.id },
    });
  }
  const next = wanted.step === undefined ? firstOwn(job, steps) : indexOf(job, steps, wanted.step);
  await writablePlace(job.cache.work);
  const directory = await draftOf(join(job.cache.work, job.node.id));
  const close = async (): Promise<undefined> => {
    await removeTree(directory);
  };
  try {
    const workspace = await prepareWorkspace(job, directory);
    const run = stepsRun(job, workspace);
    await runSteps({ ...run, steps: run.steps.slice(0, next) });
    await writeScripts(directory, steps);
    return { ...workspace, next, step: steps[next], failed: false, changed: false, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Gives the terminal to a shell in a workspace, see {@link shellInSandbox}. Returns its exit status. */
export function shell(workspace: OpenWorkspace, output: 'out' | 'err' = 'out'): Promise<number> {
  return shellInSandbox(workspace.mounts, output);
}

/**
 * Runs the next step and those behind it, and looks at what they leave as a build would. Nothing is stored.
 *
 * @throws SlicesError `BUILD_FAILED`, `OUTPUT_INVALID`
 */
export async function resume(job: NodeJob, workspace: OpenWorkspace): Promise<void> {
  const run = stepsRun(job, workspace);
  await runSteps({ ...run, from: workspace.next });
  await outputsOf(job.node, workspace.directory, workspace.mounts);
}

function stepsOf({ record, node }: NodeJob): readonly BuildStep[] {
  if (record.recipe.kind === 'steps') return record.recipe.steps;
  throw new SlicesError('SLICE_INVALID', `Cannot open a shell for ${node.id}: it is assembled from files`, {
    hint: `Its files stand in its definition, ${node.definedAt}.`,
  });
}

/** A failed build's workspace that this process has, and what is known of it. */
interface TakenBuild {
  readonly directory: string;
  readonly failed: FailedBuild;
}

async function takeFailed({ cache, node }: NodeJob): Promise<TakenBuild | undefined> {
  await giveBackLeft(cache);
  const directory = await takeWorkspace(cache, node.id);
  if (directory === undefined) return undefined;
  const text = await readFile(join(directory, FAILED_NOTE), 'utf8').catch(() => undefined);
  if (text === undefined) {
    await giveBack(cache, node.id, directory);
    return undefined;
  }
  const failed: FailedBuild = JSON.parse(text);
  return { directory, failed };
}

async function openFailed(
  job: NodeJob,
  { directory, failed }: TakenBuild,
  steps: readonly BuildStep[],
): Promise<OpenWorkspace> {
  const { cache, node, store } = job;
  const lastKey = async (): Promise<string | undefined> => (await store.last(node.id))?.key;
  const before = await lastKey();
  const close = async (): Promise<string | undefined> =>
    giveBack(cache, node.id, directory, (await lastKey()) !== before);
  const named = steps.findIndex(({ name }) => name === failed.step);
  const next = named === -1 ? Math.min(failed.index, steps.length - 1) : named;
  try {
    const mounts = await mountsFor(job, directory);
    await writeScripts(directory, steps);
    const changed = failed.key !== job.key;
    return { directory, mounts, next, step: steps[next], failed: true, changed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function writeScripts(work: string, steps: readonly BuildStep[]): Promise<void> {
  const place = join(work, SCRIPTS);
  await removeTree(place);
  await mkdir(place, { recursive: true });
  for (const [index, { name, script }] of steps.entries()) {
    const file = `${index + 1}-${name.replaceAll(/[^A-Za-z0-9.-]+/g, '-')}`;
    await writeFile(join(place, file), `set -eu -o pipefail\n${script}\n`);
  }
}

/** The first step of the slice's own. */
function firstOwn({ node }: NodeJob, steps: readonly BuildStep[]): number {
  const own = node.recipe.kind === 'steps' ? node.recipe.steps.length : 0;
  return steps.length - own;
}

function indexOf({ node }: NodeJob, steps: readonly BuildStep[], name: string): number {
  const index = steps.findIndex((step) => step.name === name);
  if (index !== -1) return index;
  throw new SlicesError('NAME_UNKNOWN', `Cannot find the step "${name}" of ${node.id}`, {
    hint: `Its steps are ${steps.map((step) => step.name).join(', ')}.`,
    facts: { kind: 'step', name },
  });
}
