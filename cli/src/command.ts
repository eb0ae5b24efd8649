/**
 * One table per command feeds the parser (`arg`) and the help text, so the two cannot differ.
 *
 * Pure: the terminal is reached through {@link Terminal}, so the same commands run on Node and on the device.
 */
import arg from 'arg';

import { EXIT_DONE, EXIT_USAGE, messageOf, UsageError } from './errors.ts';
import { report } from './report.ts';
import { VERSION } from './version.ts';
import type { Terminal } from './terminal.ts';

/** One option of a command. */
export interface OptionSpec {
  readonly type: 'string' | 'number' | 'boolean' | 'strings';
  /** One line, without a period. */
  readonly help: string;
  /** What stands for the value in the help, for example `<file>`. */
  readonly value?: string;
  readonly short?: string;
  /** Whether the empty text means something; else it is refused, as a variable of a script that is not set. */
  readonly mayBeEmpty?: true;
}

/** The typed values of a table of options. */
export type OptionValues<Options extends Record<string, OptionSpec>> = {
  readonly [Name in keyof Options]: Options[Name]['type'] extends 'boolean'
    ? boolean
    : Options[Name]['type'] extends 'number'
      ? number | undefined
      : Options[Name]['type'] extends 'strings'
        ? readonly string[]
        : string | undefined;
};

/** An example for the help text: what it does, and the line to type. */
export interface Example {
  readonly title: string;
  readonly command: string;
}

/** A command: its table and what it runs. */
export interface CommandSpec<Context, Options extends Record<string, OptionSpec>> {
  readonly name: string;
  readonly summary: string;
  /** Names of the positional arguments; a trailing `?` marks an optional one, `...` a list. */
  readonly args: readonly string[];
  readonly options: Options;
  readonly examples: readonly Example[];
  /** Returns the exit status; nothing means done. */
  run(
    context: Context,
    input: {
      readonly args: readonly string[];
      readonly options: OptionValues<Options>;
      readonly json: boolean;
    },
  ): Promise<number | void> | number | void;
}

/** A command whose option types have been erased, as a program holds it. */
export interface Command<Context> {
  readonly name: string;
  readonly summary: string;
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly Example[];
  run(
    context: Context,
    args: readonly string[],
    options: Readonly<Record<string, unknown>>,
    json: boolean,
  ): Promise<number | void> | number | void;
}

/** Ties a command's options to the types that its `run` sees. */
export function defineCommand<Context, const Options extends Record<string, OptionSpec>>(
  spec: CommandSpec<Context, Options>,
): Command<Context> {
  return {
    ...spec,
    run: (context, args, options, json) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- parse() builds `options` from this very table
      spec.run(context, { args, options: options as OptionValues<Options>, json }),
  };
}

/** A command that is loaded when it is asked for: what it imports would slow down all others. */
export interface LazyCommand<Context> {
  readonly name: string;
  /** That of the command. */
  readonly summary: string;
  load(): Promise<Command<Context>>;
}

/** A program: a name and its commands. */
export interface Program<Context> {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly (Command<Context> | LazyCommand<Context>)[];
}

const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', help: 'Print one JSON object on standard output' },
  help: { type: 'boolean', help: 'Show this help', short: 'h' },
};

/** Runs `argv` (without program name) and returns the exit status. Never throws. */
export async function runProgram<Context extends { readonly terminal: Terminal }>(
  program: Program<Context>,
  context: Context,
  argv: readonly string[],
): Promise<number> {
  const { terminal } = context;
  const [first, second] = argv;
  const asksFor = isHelp(first) && second?.startsWith('-') === false ? second : undefined;
  const [name, ...rest] = asksFor === undefined ? argv : [asksFor, '--help'];
  const json = argv.includes('--json');
  try {
    if (isHelp(name)) {
      terminal.out(programHelp(program));
      return EXIT_DONE;
    }
    if (isVersion(name) || (name === '--json' && isVersion(rest[0]))) {
      terminal.out(
        json
          ? `${JSON.stringify({ program: program.name, version: VERSION })}\n`
          : `${program.name} ${VERSION}\n`,
      );
      return EXIT_DONE;
    }
    if (name === undefined) {
      terminal.err(programHelp(program));
      return EXIT_USAGE;
    }
    const found = program.commands.find((candidate) => candidate.name === name);
    if (found === undefined) {
      throw new UsageError(
        `Cannot run "${name}": ${program.name} has no such command`,
        `The commands are ${program.commands.map((each) => each.name).join(', ')}.`,
      );
    }
    const command = 'load' in found ? await found.load() : found;
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.out(commandHelp(program.name, command));
      return EXIT_DONE;
    }
    const parsed = parse(program.name, command, rest);
    return (await command.run(context, parsed.args, parsed.options, parsed.json)) ?? EXIT_DONE;
  } catch (thrown) {
    return report(program.name, terminal, thrown, json);
  }
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h' || word === 'help';
}

function isVersion(word: string | undefined): boolean {
  return word === '--version' || word === '-V';
}

function parse<Context>(
  program: string,
  command: Command<Context>,
  argv: readonly string[],
): { args: readonly string[]; options: Record<string, unknown>; json: boolean } {
  const wrong = (why: string): UsageError =>
    new UsageError(`Cannot run "${command.name}": ${why}`, `See ${program} ${command.name} --help.`);
  const table: arg.Spec = {};
  for (const [name, option] of Object.entries({ ...command.options, ...COMMON_OPTIONS })) {
    // All that was given is seen here: of an option that may stand once, arg would take the last without a word.
    table[`--${name}`] = option.type === 'boolean' ? Boolean : [HANDLERS[option.type]];
    if (option.short !== undefined) table[`-${option.short}`] = `--${name}`;
  }
  let found: Record<string, unknown> & { _: string[] };
  try {
    found = arg(table, { argv: [...argv] });
  } catch (cause) {
    throw wrong(messageOf(cause));
  }
  const required = command.args.filter((each) => !/[?]$|\.\.\.$/.test(each)).length;
  const unlimited = command.args.some((each) => each.endsWith('...'));
  if (found._.length < required) throw wrong(`<${command.args[found._.length] ?? ''}> is missing`);
  if (!unlimited && found._.length > command.args.length) {
    throw wrong(`"${found._[command.args.length] ?? ''}" is one argument too many`);
  }
  const empty = found._.indexOf('');
  if (empty >= 0) throw wrong(`<${argumentName(command.args[empty] ?? command.args.at(-1) ?? '')}> is empty`);
  const options: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(command.options)) {
    const given = found[`--${name}`];
    if (option.type === 'boolean') {
      options[name] = given === true;
      continue;
    }
    const values: readonly unknown[] = Array.isArray(given) ? given : [];
    if (option.type !== 'strings' && values.length > 1) {
      throw wrong(`--${name} is given ${values.length} times: ${values.map(String).join(', ')}`);
    }
    if (values.includes('') && option.mayBeEmpty !== true) throw wrong(`the value of --${name} is empty`);
    options[name] = option.type === 'strings' ? values : values[0];
  }
  return { args: found._, options, json: found['--json'] === true };
}

/** The name of an argument without the mark of how often it may stand. */
function argumentName(name: string): string {
  return name.replace(/\?$|\.\.\.$/, '');
}

const HANDLERS = { string: String, strings: String, number: numberOf } as const;

function numberOf(text: string, name: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isNaN(value)) throw new UsageError(`${name} takes a number, not "${text}"`);
  return value;
}

/** The help text of a whole program. */
export function programHelp<Context>(program: Program<Context>): string {
  const width = Math.max(...program.commands.map((command) => command.name.length));
  const rows = program.commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `${program.summary}\n\nUsage: ${program.name} <command> [options]\n\nCommands:\n${rows.join('\n')}\n\nRun ${program.name} <command> --help for its options and examples, ${program.name} --version for its version.\n`;
}

/** The help text of one command. */
export function commandHelp<Context>(program: string, command: Command<Context>): string {
  const args = command.args.map((each) =>
    each.endsWith('?') ? `[${each.slice(0, -1)}]` : each.endsWith('...') ? `[${each}]` : `<${each}>`,
  );
  const rows = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([name, option]) => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `;
    const value = option.type === 'boolean' ? '' : ` ${option.value ?? '<value>'}`;
    return [`  ${short}--${name}${value}`, option.help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const options = rows.map(([left, help]) => `${left.padEnd(width)}  ${help}`).join('\n');
  const examples = command.examples.map((each) => `  ${each.title}:\n    ${each.command}`).join('\n');
  return (
    `${command.summary}\n\nUsage: ${[program, command.name, ...args].join(' ')} [options]\n\nOptions:\n${options}\n` +
    (examples === '' ? '' : `\nExamples:\n${examples}\n`)
  );
}
