/** A profile tried as a whole: it boots, it does what its slices want, and it keeps its budgets of size and boot time. */
import type { Terminal } from '@cocon-os/cli';
import { defineMachine, startMachine } from '@cocon-os/qemu';
import { excessOf, lastKept, noteKept, type SealedSize } from '@cocon-os/engine/build';

import { BuilderError } from '../errors.ts';
import { sealedBytesOf } from '../seal/sealed-bytes.ts';
import { bootRatio, measureBoots, TEST_MACHINE, type BootTimes } from './boot-budget.ts';
import { makePeerDisks } from './debian-peer.ts';
import { openShell, untilHealthy } from './device.ts';
import { makeProfileDisk, type ProfileDisk } from './profile-disk.ts';
import { runTests, testsOf, type CommandReport } from './run-tests.ts';

/** What is tried, and where. */
export interface TestProfileOptions {
  readonly cwd: string;
  readonly profile: string | undefined;
  readonly board: string | undefined;
  /** For image, artifact and disks. */
  readonly directory: string;
  /** Directory of the consoles. */
  readonly logs: string;
  /** Boots of ours and of Debian's; 0 for no comparison. */
  readonly bootRounds: number;
  /** Hears of the build's progress. */
  readonly terminal: Terminal;
  /** Hears what is begun. */
  readonly say: (line: string) => void;
  /** Hears of each command. */
  readonly heard: (done: CommandReport) => void;
}

/** How it went. */
export interface TestReport {
  readonly profile: string;
  readonly board: string;
  readonly passed: boolean;
  readonly commands: readonly CommandReport[];
  readonly size: {
    readonly sealedBytes: number;
    readonly budget?: number;
    /** What is over the budget and why, for people. */
    readonly excess?: string;
  };
  readonly boot?: BootTimes & { readonly ratio: number; readonly limit?: number };
}

/** Tries it. Throws what building and booting throw; a test that fails is in the report. */
export async function testProfile(options: TestProfileOptions): Promise<TestReport> {
  const { say } = options;
  say('building and sealing');
  const made = await makeProfileDisk(options);
  const { graph } = made;
  if (graph.target !== 'x86_64') {
    throw new BuilderError(
      'TEST_TARGET_UNSUPPORTED',
      `Cannot test on ${graph.board}: its processor is ${graph.target}`,
      {
        hint: 'Machines for tests are x86_64 so far; choose a board of that kind.',
        facts: { target: graph.target },
      },
    );
  }
  const size = await measureSize(made);
  const commands = await tryCommands(made, options);
  const boot = options.bootRounds === 0 ? undefined : await measureBoot(made, options);
  const tooSlow = boot?.limit !== undefined && boot.ratio > boot.limit;
  const passed =
    size.excess === undefined && !tooSlow && commands.every(({ failure }) => failure === undefined);
  return {
    profile: graph.profile,
    board: graph.board,
    passed,
    commands,
    size,
    ...(boot === undefined ? {} : { boot }),
  };
}

async function measureSize({ graph, release, slices, notes }: ProfileDisk): Promise<TestReport['size']> {
  const now: SealedSize = { sealedBytes: sealedBytesOf(release), slices };
  const { sealedBytes } = now;
  const budget = graph.budget.sizeBytes;
  if (budget === undefined) return { sealedBytes };
  const excess = excessOf(now, budget, await lastKept(notes));
  if (excess === undefined) await noteKept(notes, now);
  return { sealedBytes, budget, ...(excess === undefined ? {} : { excess }) };
}

async function tryCommands(
  { graph, disk }: ProfileDisk,
  { logs, say, heard }: TestProfileOptions,
): Promise<readonly CommandReport[]> {
  say('booting');
  const name = `test-${graph.profile}`;
  const machine = defineMachine({ ...TEST_MACHINE, name, disks: [{ path: disk, snapshot: true }] });
  await using running = await startMachine(machine, { log: `${logs}/${name}.log` });
  await untilHealthy(running);
  await openShell(running);
  return await runTests(running, testsOf(graph), heard);
}

async function measureBoot(
  { graph, disk }: ProfileDisk,
  { directory, logs, bootRounds, say }: TestProfileOptions,
): Promise<NonNullable<TestReport['boot']>> {
  say("making Debian's disks");
  const theirs = await makePeerDisks(directory);
  const times = await measureBoots({ ours: [disk], theirs }, bootRounds, logs, ({ ours }) =>
    say(`boot ${ours.length} of ${bootRounds}`),
  );
  const limit = graph.budget.bootRatio;
  return { ...times, ratio: bootRatio(times), ...(limit === undefined ? {} : { limit }) };
}
