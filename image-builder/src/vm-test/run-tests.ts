/** Runs what slices and profile want tried, on one booted machine, in the order of the graph. */
import { messageOf } from '@cocon-os/cli';
import type { CommandResult, RunningMachine } from '@cocon-os/qemu';
import { PATTERN_FLAGS, type VmCommand, type VmTest } from '@cocon-os/engine';
import type { Graph } from '@cocon-os/engine/build';

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

/**
 * Runs them; `report` hears of each command. A test ends at its first command that fails, and the next one is run all the
 * same, unless the console answers no more.
 */
export async function runTests(
  machine: Pick<RunningMachine, 'serial'>,
  tests: readonly AskedTest[],
  report: (done: CommandReport) => void,
): Promise<readonly CommandReport[]> {
  const reports: CommandReport[] = [];
  const note = (done: CommandReport): void => {
    reports.push(done);
    report(done);
  };
  for (const { asker, test } of tests) {
    for (const wanted of test.commands) {
      const { command } = wanted;
      let result: CommandResult;
      try {
        result = await machine.serial.run(command, { timeoutMs: COMMAND_TIMEOUT_MS });
      } catch (thrown) {
        note({ asker, command, output: '', failure: messageOf(thrown) });
        return reports;
      }
      const { output, status } = result;
      const failure = failureOf(wanted, status, output);
      note({ asker, command, output, ...(failure === undefined ? {} : { failure }) });
      if (failure !== undefined) break;
    }
  }
  return reports;
}

/** Why a command did not do what was wanted; nothing when it did. Patterns are tried on the lines of the output. */
export function failureOf({ status, output }: VmCommand, found: number, said: string): string | undefined {
  if (found !== status) return `status ${found}, wanted ${status}`;
  if (output !== undefined && !new RegExp(output, PATTERN_FLAGS).test(said))
    return `no line matches /${output}/`;
  return undefined;
}
