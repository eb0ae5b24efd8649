/** Runs steps in the sandbox, with a log of all that they print. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';

import type { BuildStep } from '../define/recipe.ts';
import { SlicesError } from '../errors.ts';
import type { NodeId } from '../graph/graph.ts';
import type { CompilerCache } from './compiler-cache.ts';
import { runInSandbox, type SandboxMounts } from './sandbox.ts';

/** What is run, and who hears of it. */
export interface StepsRun {
  readonly node: NodeId;
  readonly steps: readonly BuildStep[];
  readonly mounts: SandboxMounts;
  readonly logPath: string;
  /** Index of the first step to run; the log is then continued. */
  readonly from?: number;
  readonly processors?: number | undefined;
  readonly compilerCache?: CompilerCache | undefined;
  onStep(step: string): void;
  onLine(line: string): void;
}

/** What is known of a step that ended with an error. */
interface FailedStep {
  readonly run: StepsRun;
  /** Index of the step. */
  readonly index: number;
  readonly step: BuildStep;
  readonly status: number;
  /** The last lines that it printed. */
  readonly tail: readonly string[];
}

/** A step that ended with an error. */
export class StepFailed extends SlicesError {
  /** Index of the step. */
  readonly index: number;
  readonly #failed: FailedStep;

  /** `way` is the command that leads to the place where it failed, where that is kept and the command is known. */
  constructor(failed: FailedStep, way?: string) {
    const { run, index, step, status, tail } = failed;
    const end = tail.map((line) => `  ${withoutControls(line)}`).join('\n');
    const place = way === undefined ? '' : `; ${way} leads to the place where it failed`;
    const whose = PATCH_STEPS[step.name];
    const patch = whose === undefined ? undefined : lastPatch(tail);
    const what = patch === undefined ? '' : `, because ${whose} patch ${patch} does not apply to the source`;
    super(
      'BUILD_FAILED',
      `Cannot build ${run.node}: step "${step.name}" ended with ${status}${what}\n${end}`,
      {
        hint: `The whole log is ${run.logPath}${place}.`,
        facts: { node: run.node, step: step.name, status, log: run.logPath },
      },
    );
    this.index = index;
    this.#failed = failed;
  }

  /** The same, with the command that leads to its place. */
  withWay(way: string): StepFailed {
    return new StepFailed(this.#failed, way);
  }
}

/** Throws {@link StepFailed} for the first step that ends with an error, and `HOST_PACKAGE_MISSING`. */
export async function runSteps(run: StepsRun): Promise<void> {
  const { steps, mounts, logPath, from = 0, processors, compilerCache } = run;
  await mkdir(dirname(logPath), { recursive: true });
  const log = createWriteStream(logPath, { flags: from === 0 ? 'w' : 'a' });
  // A log that cannot be written is seen when it is closed; until then the build goes on.
  log.on('error', () => {});
  try {
    for (const [index, step] of steps.entries()) {
      if (index < from) continue;
      run.onStep(step.name);
      log.write(`== ${step.name}\n`);
      const onLine = (line: string): void => {
        log.write(`${line}\n`);
        run.onLine(line);
      };
      const { status, tail } = await runInSandbox(step.script, mounts, {
        onLine,
        ...(processors === undefined ? {} : { processors }),
        ...(compilerCache === undefined ? {} : { compilerCache }),
      });
      if (status !== 0) throw new StepFailed({ run, index, step, status, tail });
    }
  } finally {
    log.end();
    await finished(log);
  }
}

/** The steps of `unpack.ts` that patch. */
const PATCH_STEPS: Readonly<Record<string, string>> = { patch: "Debian's", patches: "the slice's" };

/** The patch that was tried last, as `unpack.ts` has each of a series named before it is tried. */
function lastPatch(tail: readonly string[]): string | undefined {
  return tail.map((line) => /^patch (\S+)$/.exec(line)?.[1]).findLast((name) => name !== undefined);
}

/** What a build prints must not steer the terminal of whoever reads why it failed. The log has it as it was. */
function withoutControls(line: string): string {
  return stripVTControlCharacters(line).replaceAll(/\p{Cc}/gu, ' ');
}
