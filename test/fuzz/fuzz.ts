/** `npm run fuzz`: runs targets one after the other, and says what each has seen. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { CoconError, EXIT_FAILED, messageOf } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';

import { fuzzIngest } from './ingest/fuzz-ingest.ts';
import { compareTars, describeSummary } from './tar/differential.ts';
import { buildRunner, fuzzRust } from './rust-runner.ts';

const CORPUS = join(import.meta.dirname, 'corpus');
const FOUND = join(import.meta.dirname, '../../out/fuzz');

const RUST_TARGETS = [
  'superblock',
  'record',
  'ring',
  'descriptor',
  'release',
  'signature',
  'gpt',
  'device-tree',
  'volume',
  'boot',
] as const;
const DIFFERENTIAL = 'differential';
const INGEST = 'ingest';
const TAR = 'tar';
const TARGETS: readonly string[] = [...RUST_TARGETS, DIFFERENTIAL, INGEST, TAR];

const HELP = `Fuzzes what reads bytes that nobody has verified, guided by coverage.

Usage: npm run fuzz -- [options] [target …]

Targets (all if none is named):
  ${RUST_TARGETS.join(', ')}
                     the core's readers and the loader's decisions, in Rust
  differential       the same volumes read and booted by both languages
  ingest             OCI manifests and layers, in TypeScript
  tar                tar archives, read by us, Go's archive/tar, GNU tar and umoci; not guided by coverage.
                     Needs root. Ten thousand take about ten minutes of two processors

Options:
  --runs <number>    Inputs for each target; 100000 if not given
  --seconds <number> Stop each target after that time
  --seed <number>    1 if not given
  --keep             Let the corpus in the repository become the smallest that reaches all that was reached;
                     to that of ingest, only add what reaches new code
  -h, --help         Show this help

Examples:
  A minute of every target:
    npm run fuzz -- --runs 1000000000 --seconds 60
  Ten million inputs for one:
    npm run fuzz -- --runs 10000000 boot
  Twenty thousand tar archives, against three other readers:
    npm run fuzz -- --runs 20000 tar

What breaks a target is kept in out/fuzz. The fix comes with a plain test of it.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: 'Infinity' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return nodeTerminal.out(HELP);
  const unknown = positionals.find((name) => !TARGETS.includes(name));
  if (unknown !== undefined) {
    throw new CoconError('FUZZ_FAILED', `Cannot fuzz "${unknown}": the targets are ${TARGETS.join(', ')}`);
  }
  const [runs, seconds, seed] = [Number(values.runs), Number(values.seconds), Number(values.seed)];
  if (!(runs > 0) || !(seconds > 0) || !(seed > 0)) {
    throw new CoconError('FUZZ_FAILED', 'Cannot fuzz: --runs, --seconds and --seed are numbers above 0');
  }
  const wanted = positionals.length === 0 ? TARGETS : positionals;
  if (wanted.some((name) => name !== INGEST && name !== TAR)) {
    nodeTerminal.err('building the fuzzer …\n');
    await buildRunner();
  }
  for (const target of wanted) {
    if (target === TAR) {
      const progress = (done: number): void => nodeTerminal.err(`tar: ${done} archives …\n`);
      nodeTerminal.out(describeSummary(await compareTars({ runs, seconds, seed, found: FOUND, progress })));
      continue;
    }
    // The differential target is fed what the target `volume` is.
    const corpus = join(CORPUS, target === DIFFERENTIAL ? 'volume' : target);
    mkdirSync(corpus, { recursive: true });
    const options = { target, runs, seconds, seed, keep: values.keep, corpus, found: FOUND };
    const summary = target === INGEST ? await fuzzIngest(options) : await fuzzRust(options);
    const number = (value: number, width: number): string => value.toLocaleString('en').padStart(width);
    nodeTerminal.out(
      `${target.padEnd(13)} ${number(summary.runs, 12)} inputs, ${number(summary.perSecond, 8)} a second, ` +
        `${summary.covered} places covered, corpus ${readdirSync(corpus).length}\n`,
    );
  }
}

try {
  await main();
} catch (thrown) {
  nodeTerminal.err(`${messageOf(thrown)}\n`);
  if (thrown instanceof CoconError && thrown.hint !== undefined) nodeTerminal.err(`hint: ${thrown.hint}\n`);
  process.exitCode = EXIT_FAILED;
}
