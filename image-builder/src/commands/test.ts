/** `cocon test`. */
import { resolve } from 'node:path';

import { defineCommand, EXIT_DONE, EXIT_FAILED, formatBytes, UsageError, type Terminal } from '@cocon-os/cli';
import { makeScratch } from '@cocon-os/qemu';

import type { CommandReport } from '../vm-test/run-tests.ts';
import type { TestReport } from '../vm-test/test-profile.ts';
import type { BuilderContext } from './context.ts';

/** Boots under emulation spread, so one of each would tell little. */
const DEFAULT_ROUNDS = 3;
const MAX_ROUNDS = 100;

export const test = defineCommand({
  name: 'test',
  summary: 'Build a profile, boot it in QEMU, run what its slices want tried, and keep its budgets',
  args: ['profile?'],
  options: {
    board: { type: 'string', help: 'Board to build for (default: pc)', value: '<name>' },
    'boot-budget': {
      type: 'boolean',
      help: "Also boot Debian's cloud kernel and initrd, turn by turn, and compare",
    },
    rounds: {
      type: 'number',
      help: `Boots of each with --boot-budget (default: ${DEFAULT_ROUNDS})`,
      value: '<n>',
    },
    logs: {
      type: 'string',
      help: 'Directory for the consoles (default: out/logs/test)',
      value: '<directory>',
    },
  },
  examples: [
    { title: 'Try the embedded profile', command: 'cocon test embedded' },
    { title: 'And how it boots next to Debian', command: 'cocon test embedded --boot-budget' },
  ],
  async run({ terminal, cwd }: BuilderContext, { args, options, json }) {
    if (options.rounds !== undefined && !options['boot-budget']) {
      throw new UsageError(
        'Cannot boot in rounds: nothing is compared without --boot-budget',
        'Add --boot-budget, or leave out --rounds.',
      );
    }
    const rounds = options.rounds ?? DEFAULT_ROUNDS;
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
      throw new UsageError(
        `Cannot boot ${rounds} times`,
        `Give --rounds a whole number from 1 to ${MAX_ROUNDS}.`,
      );
    }
    using scratch = makeScratch('test');
    const { testProfile } = await import('../vm-test/test-profile.ts');
    const report = await testProfile({
      cwd,
      profile: args[0],
      board: options.board,
      directory: scratch.path,
      logs: resolve(cwd, options.logs ?? 'out/logs/test'),
      bootRounds: options['boot-budget'] ? rounds : 0,
      terminal,
      say: (line) => {
        if (!json) terminal.err(`${line}\n`);
      },
      heard: (done) => {
        if (!json) tell(terminal, done);
      },
    });
    terminal.out(json ? `${JSON.stringify(report)}\n` : describe(report));
    return report.passed ? EXIT_DONE : EXIT_FAILED;
  },
});

function tell(terminal: Terminal, { asker, command, output, failure }: CommandReport): void {
  terminal.err(`${failure === undefined ? 'ok  ' : 'FAIL'} ${asker}: ${command}\n`);
  if (failure === undefined) return;
  terminal.err(`     ${failure}\n`);
  for (const line of output.split('\n')) terminal.err(`     | ${line}\n`);
}

function describe({ profile, board, commands, size, boot, passed }: TestReport): string {
  const failed = commands.filter(({ failure }) => failure !== undefined).length;
  const lines = [
    `${profile} on ${board}: ${commands.length - failed} of ${commands.length} commands did what was wanted`,
    size.excess ?? sizeLine(size),
    ...(boot === undefined ? [] : bootLines(boot)),
    passed ? 'passed' : 'failed',
  ];
  return `${lines.join('\n')}\n`;
}

function sizeLine({ sealedBytes, budget }: TestReport['size']): string {
  return `${formatBytes(sealedBytes)} sealed${budget === undefined ? '' : `, of ${formatBytes(budget)}`}`;
}

function bootLines({ ratio, limit, ours, theirs }: NonNullable<TestReport['boot']>): readonly string[] {
  return [
    `boot: ${ratio.toFixed(2)} of Debian's${limit === undefined ? '' : `, at most ${limit}`}`,
    `  ours, to the healthy mark: ${seconds(ours)} s`,
    `  Debian's cloud kernel and initrd, to the root's first process: ${seconds(theirs)} s`,
  ];
}

function seconds(values: readonly number[]): string {
  return values.map((value) => value.toFixed(2)).join(' ');
}
