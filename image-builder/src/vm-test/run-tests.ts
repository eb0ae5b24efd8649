/** Runs what slices and profile want tried, on one booted machine, in the order of the graph. */
import { messageOf } from '@cocon-os/cli';
import type { RunningMachine } from '@cocon-os/qemu';
import type { Graph, VmCommand, VmTest } from '@cocon-os/slices';

const COMMAND_TIMEOUT_MS = 300_000;

/** One command and what came of it. */
export interface CommandReport {
  /** The slice that wants it tried, or `profile`. */
  readonly asker: string;
  readonly command: string;
  readonly output: string;
  /** Nothing when it did what was wanted. */
  readonly failure?: string;
}

/** A test and who wants it. */
export interface AskedTest {
  readonly asker: string;
  readonly test: VmTest;
}

/** All tests of what is in the image, and of the profile. */
export function testsOf({ nodes, image, tests }: Graph): readonly AskedTest[] {
  const inImage = nodes.filter(({ id }) => image.includes(id));
  return [
    ...inImage.flatMap(({ name, tests: own }) => own.map((test) => ({ asker: name, test }))),
    ...tests.map((test) => ({ asker: 'profile', test })),
  ];
}

/** Runs them; `report` hears of each command. A test ends at its first command that fails, the next one is run all the same. */
export async function runTests(
  machine: Pick<RunningMachine, 'serial'>,
  tests: readonly AskedTest[],
  report: (done: CommandReport) => void,
): Promise<readonly CommandReport[]> {
  const reports: CommandReport[] = [];
  for (const { asker, test } of tests) {
    for (const command of test.commands) {
      const done = { asker, ...(await runCommand(machine, command)) };
      reports.push(done);
      report(done);
      if (done.failure !== undefined) break;
    }
  }
  return reports;
}

async function runCommand(
  { serial }: Pick<RunningMachine, 'serial'>,
  wanted: VmCommand,
): Promise<Omit<CommandReport, 'asker'>> {
  const { command } = wanted;
  try {
    const { output, status } = await serial.run(command, { timeoutMs: COMMAND_TIMEOUT_MS });
    const failure = failureOf(wanted, status, output);
    return { command, output, ...(failure === undefined ? {} : { failure }) };
  } catch (thrown) {
    return { command, output: '', failure: messageOf(thrown) };
  }
}

/** Why a command did not do what was wanted; nothing when it did. Patterns are tried on the lines of the output. */
export function failureOf({ status, output }: VmCommand, found: number, said: string): string | undefined {
  if (found !== status) return `status ${found}, wanted ${status}`;
  if (output !== undefined && !new RegExp(output, 'mu').test(said)) return `no line matches /${output}/`;
  return undefined;
}
