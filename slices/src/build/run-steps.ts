/** Runs the steps of one slice in the sandbox, from unpacking its source to a filled `/out`. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

import type { BuildStep, Slice } from '../define-slice.ts';
import { SlicesError } from '../errors.ts';
import { runProcess } from '../run-process.ts';
import type { DebianSource } from '../sources/debian-source.ts';
import type { BuildReporter } from './build-reporter.ts';
import { runInSandbox, type SandboxMounts } from './sandbox.ts';

/** What a run needs to know about its surroundings. */
export interface StepsContext {
  /** An empty directory for this run. */
  readonly work: string;
  /** Host path of each source file, by name. */
  readonly sources: ReadonlyMap<string, string>;
  /** Layer file of the `dev` output of each need, by the need's name. */
  readonly needs: ReadonlyMap<string, string>;
  readonly logs: string;
  readonly reporter: BuildReporter;
}

/**
 * Returns the host's path of `/out`.
 *
 * @throws SlicesError `BUILD_FAILED` with the end of the log, `OUTPUT_INVALID`, and what a step's check throws
 */
export async function runSteps(slice: Slice, context: StepsContext): Promise<string> {
  if (slice.build.kind !== 'steps') throw new TypeError(`${slice.name} has no steps`);
  const { work, sources, needs, logs, reporter } = context;
  const place = (...parts: string[]): string => join(work, ...parts);
  for (const name of ['build', 'out', 'inputs', 'needs']) await mkdir(place(name));
  for (const [name, text] of Object.entries(slice.build.inputs ?? {}))
    await writeFile(place('inputs', name), text);
  for (const [name, layer] of needs) {
    await mkdir(place('needs', name));
    await unpackLayer(layer, place('needs', name));
  }
  const mounts: SandboxMounts = {
    readOnly: {
      ...Object.fromEntries([...sources].map(([name, path]) => [`/sources/${name}`, path])),
      '/inputs': place('inputs'),
      '/needs': place('needs'),
    },
    writable: { '/build': place('build'), '/out': place('out') },
  };

  await mkdir(logs, { recursive: true });
  const logPath = join(logs, `${slice.name}.log`);
  const log = createWriteStream(logPath);
  try {
    for (const step of [...unpackStep(slice.source), ...slice.build.steps]) {
      reporter.step(slice, step.name);
      log.write(`== ${step.name}\n`);
      const { status, tail } = await runInSandbox(step.script, mounts, (line) => {
        log.write(`${line}\n`);
        reporter.line(line);
      });
      if (status !== 0) throw stepFailed(slice, step, status, tail, logPath);
      await step.check?.(place('build'));
    }
  } finally {
    log.end();
    await finished(log);
  }
  if ((await readdir(place('out'))).length === 0) {
    throw new SlicesError(
      'OUTPUT_INVALID',
      `Cannot use the build of ${slice.name}: it left nothing in /out`,
      {
        hint: `Have its last step install into /out. The whole log is ${logPath}.`,
      },
    );
  }
  return place('out');
}

/** Unpacks a layer of the store. The host's tar does it, for these layers were made here. */
export async function unpackLayer(layer: string, into: string): Promise<void> {
  const { status, tail } = await runProcess('tar', [
    '--extract',
    '--no-same-owner',
    '--file',
    layer,
    '--directory',
    into,
  ]);
  if (status !== 0) {
    throw new SlicesError(
      'OUTPUT_INVALID',
      `Cannot unpack ${layer}: tar ended with ${status}\n${tail.join('\n')}`,
      {
        hint: 'Remove the file; it is built again.',
      },
    );
  }
}

function unpackStep(source: DebianSource | undefined): BuildStep[] {
  if (source === undefined) return [];
  const excludes = (source.exclude ?? []).map((pattern) => ` --exclude='${pattern}'`).join('');
  const lines = [
    'mkdir source',
    `tar --extract --no-same-owner --strip-components=1 --directory=source${excludes} --file=/sources/${source.upstream.name}`,
  ];
  if (source.patched) {
    lines.push(
      `tar --extract --no-same-owner --directory=source --file=/sources/${source.debian.name}`,
      'cd source',
      'sed -e "s/[[:space:]]*#.*//" -e "/^$/d" debian/patches/series | while read -r name; do',
      '  patch --batch --forward --strip=1 --input="debian/patches/$name"',
      'done',
    );
  }
  return [{ name: 'unpack', script: lines.join('\n') }];
}

function stepFailed(
  slice: Slice,
  step: BuildStep,
  status: number,
  tail: readonly string[],
  log: string,
): SlicesError {
  const end = tail.map((line) => `  ${line}`).join('\n');
  return new SlicesError(
    'BUILD_FAILED',
    `Cannot build ${slice.name}: step "${step.name}" ended with ${status}\n${end}`,
    {
      hint: `The whole log is ${log}.`,
      facts: { slice: slice.name, step: step.name, status, log },
    },
  );
}
