/** What is tried on a booted machine: plain data, written as `vm.boots().run('crun --version').says(/crun version/)`. */

/** A command for the machine's shell, and what must come of it. */
export interface VmCommand {
  readonly command: string;
  /** Exit status; 0 if nothing else is asked for. */
  readonly status: number;
  /** Source of a regular expression that the output matches. */
  readonly output?: string;
}

/** A test: a machine boots to its healthy mark, then the commands run in turn. */
export interface VmTest {
  readonly commands: readonly VmCommand[];
}

/** The flags that patterns are tried with. */
export const PATTERN_FLAGS = 'mu';

/** Its source, which is all that comes into the graph. Throws for what would be tried otherwise than it is written. */
function patternSource(pattern: unknown): string {
  if (!(pattern instanceof RegExp)) throw new TypeError('says() wants a regular expression');
  const { source, flags } = pattern;
  if (/[^mu]/.test(flags)) {
    throw new TypeError(`Cannot use /${source}/${flags}: patterns are tried with the flags m and u alone`);
  }
  return new RegExp(source, PATTERN_FLAGS).source;
}

/** The text as a regular expression that matches it and nothing else, as a version in an output: `6.12.107` has no wild dots. */
export function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** A test that can be added to. Every call gives a new one. */
export class VmStory implements VmTest {
  readonly commands: readonly VmCommand[];

  constructor(commands: readonly VmCommand[] = []) {
    this.commands = commands;
  }

  /** Runs a command, which has to end with status 0. */
  run(command: string): VmStory {
    return new VmStory([...this.commands, { command, status: 0 }]);
  }

  /** The last command has to end with that status instead. */
  exits(status: number): VmStory {
    return this.#changed({ status });
  }

  /** A line of the last command's output has to match. */
  says(pattern: RegExp): VmStory {
    return this.#changed({ output: patternSource(pattern) });
  }

  #changed(change: Partial<VmCommand>): VmStory {
    const last = this.commands.at(-1);
    if (last === undefined) throw new TypeError('Cannot expect anything of no command: call run() first');
    return new VmStory([...this.commands.slice(0, -1), { ...last, ...change }]);
  }
}

/** The machine that a profile boots on. */
export const vm = { boots: (): VmStory => new VmStory() } as const;
