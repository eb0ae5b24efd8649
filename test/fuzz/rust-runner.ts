/** Builds libFuzzer over the Rust targets, runs one of them, and says what it has seen. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { CoconError } from '@cocon-os/cli';

const ROOT = join(import.meta.dirname, '../..');
const RUNNER = join(ROOT, 'target/fuzz/cocon-fuzz');
/** The bytes of the longest input of any target; each target cuts what is longer than its own. */
const LONGEST = 16_385;
/** An input that takes longer hangs. Most take microseconds. */
const HANG_SECONDS = 120;

/** Which target, how far, and where its inputs are. */
export interface RustFuzzOptions {
  readonly target: string;
  readonly runs: number;
  /** Infinity for as long as it takes. */
  readonly seconds: number;
  readonly seed: number;
  /** Whether the corpus in the repository becomes the smallest that reaches all that was reached. */
  readonly keep: boolean;
  readonly corpus: string;
  /** Directory for what is found. */
  readonly found: string;
}

/** What a run came to. */
export interface FuzzSummary {
  readonly runs: number;
  readonly perSecond: number;
  /** Edges in Rust, ranges of code in TypeScript. */
  readonly covered: number;
}

/** Builds the runner. Throws `FUZZ_FAILED`. */
export async function buildRunner(): Promise<void> {
  const build = ['build', '--locked', '--config', 'test/fuzz/coverage.toml', '--profile', 'fuzz'];
  const log: string[] = [];
  const status = await run(['scripts/cargo', ...build, '-p', 'cocon-fuzz'], {}, (line) => log.push(line));
  if (status === 0) return;
  throw new CoconError('FUZZ_FAILED', `Cannot build the fuzzer:\n${log.slice(-20).join('\n')}`, {
    hint: 'libFuzzer needs a C++ compiler; scripts/setup installs it (g++).',
  });
}

/** Fuzzes one target. Throws `FUZZ_FAILED` when an input breaks it. */
export async function fuzzRust(options: RustFuzzOptions): Promise<FuzzSummary> {
  const { target, corpus, found } = options;
  const own = join(found, target);
  mkdirSync(own, { recursive: true });
  const env = {
    COCON_FUZZ_TARGET: target,
    COCON_FUZZ_READER: ['bash', 'scripts/node', 'test/fuzz/differential.ts'].join('\t'),
  };
  // As a shell takes them.
  const variables = Object.entries(env)
    .map(([name, value]) => `${name}=$'${value.replaceAll('\t', '\\t')}'`)
    .join(' ');
  const limits = [
    `-runs=${options.runs}`,
    `-seed=${options.seed}`,
    `-max_len=${LONGEST}`,
    `-timeout=${HANG_SECONDS}`,
    ...(Number.isFinite(options.seconds) ? [`-max_total_time=${options.seconds}`] : []),
  ];
  let [runs, covered] = [0, 0];
  const said: string[] = [];
  const began = Date.now();
  const status = await run([RUNNER, ...limits, `-artifact_prefix=${own}-`, own, corpus], env, (line) => {
    const [, done, edges] = /#(\d+)\s.*cov: (\d+)/.exec(line) ?? [];
    if (done !== undefined) [runs, covered] = [Number(done), Number(edges)];
    said.push(line);
    if (said.length > 400) said.splice(0, 200);
  });
  const milliseconds = Math.max(1, Date.now() - began);
  if (status !== 0) {
    throw new CoconError('FUZZ_FAILED', `Target ${target} is broken:\n${said.slice(-40).join('\n')}`, {
      hint: `The input is beside ${own}; to see it again: ${variables} ${RUNNER} <input>.`,
    });
  }
  if (options.keep) await minimise(options, own, env);
  return { runs, perSecond: Math.round((runs * 1000) / milliseconds), covered };
}

/** Puts the fewest inputs that reach the same code in the place of the corpus. */
async function minimise(
  { target, corpus }: RustFuzzOptions,
  own: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const fresh = `${own}-corpus`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  const status = await run([RUNNER, '-merge=1', `-max_len=${LONGEST}`, fresh, corpus, own], env, () => {});
  if (status !== 0) throw new CoconError('FUZZ_FAILED', `Cannot merge the corpus of ${target}`);
  for (const name of readdirSync(corpus)) rmSync(join(corpus, name));
  for (const name of readdirSync(fresh)) renameSync(join(fresh, name), join(corpus, name));
  rmSync(fresh, { recursive: true });
}

/** Runs a command to its end; lines of its standard error go to `onLine`. */
async function run(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<number> {
  const child = spawn(command[0], command.slice(1), {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject).on('close', (status) => resolve(status ?? 1));
  return await promise;
}
