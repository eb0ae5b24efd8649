import { describe, expect, it } from 'vitest';

import {
  CoconError,
  defineCommand,
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_USAGE,
  type Program,
  runProgram,
  type Terminal,
} from '@cocon-os/cli';

import { VERSION } from '../src/version.ts';
import { record } from './record.ts';

const copy = defineCommand<
  { terminal: Terminal },
  {
    size: { type: 'number'; help: string; value: string };
    tag: { type: 'strings'; help: string };
    note: { type: 'string'; help: string; mayBeEmpty: true };
  }
>({
  name: 'copy',
  summary: 'Copy a thing',
  args: ['from', 'to?'],
  options: {
    size: { type: 'number', help: 'How much', value: '<bytes>' },
    tag: { type: 'strings', help: 'Repeatable' },
    note: { type: 'string', help: 'A text', mayBeEmpty: true },
  },
  examples: [{ title: 'Copy a', command: 'tool copy a' }],
  run({ terminal }, { args, options, json }) {
    terminal.out(JSON.stringify({ args, options, json }));
  },
});

const fail = defineCommand<{ terminal: Terminal }, Record<string, never>>({
  name: 'fail',
  summary: 'Fail',
  args: [],
  options: {},
  examples: [],
  run() {
    throw new CoconError('DISK_FULL', 'Cannot write "a": 0 bytes are left', {
      hint: 'Free some space.',
      facts: { left: 0 },
    });
  },
});

/** What the command `throws` throws. */
let thrown: unknown;

const throws = defineCommand<{ terminal: Terminal }, Record<string, never>>({
  ...fail,
  name: 'throws',
  options: {},
  run() {
    throw thrown;
  },
});

const tool: Program<{ terminal: Terminal }> = {
  name: 'tool',
  summary: 'A tool',
  commands: [copy, fail, throws],
};

async function run(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  const recorded = record();
  const status = await runProgram(tool, recorded, argv);
  return { status, out: recorded.out, err: recorded.err };
}

describe('runProgram()', () => {
  it('hands typed options and arguments to the command', async () => {
    const { status, out } = await run('copy', 'a', '--size', '5', '--tag', 'x', '--tag', 'y', '--json');
    expect(status).toBe(EXIT_DONE);
    expect(JSON.parse(out)).toEqual({ args: ['a'], options: { size: 5, tag: ['x', 'y'] }, json: true });
  });

  it.each([['--version'], ['-V'], ['-V', '--json'], ['--json', '--version']])(
    'says which version it is of: %s %s',
    async (...argv) => {
      const said = argv.includes('--json')
        ? `${JSON.stringify({ program: 'tool', version: VERSION })}\n`
        : `tool ${VERSION}\n`;
      expect(await run(...argv)).toEqual({ status: EXIT_DONE, out: said, err: '' });
    },
  );

  it('takes an empty text where one means something', async () => {
    expect(JSON.parse((await run('copy', 'a', '--note', '')).out)).toMatchObject({ options: { note: '' } });
  });

  it.each([
    ['no command', [], 'Usage: tool <command>'],
    ['an unknown command', ['fly'], 'Cannot run "fly": tool has no such command'],
    ['an unknown option', ['copy', 'a', '--speed'], '--speed'],
    ['a missing argument', ['copy'], '<from> is missing'],
    ['a number that is none', ['copy', 'a', '--size', 'abc'], '--size takes a number, not "abc"'],
    ['an empty number', ['copy', 'a', '--size', ''], '--size takes a number, not ""'],
    ['an option given twice', ['copy', 'a', '--size', '5', '--size', '6'], '--size is given 2 times: 5, 6'],
    ['an empty argument', ['copy', ''], '<from> is empty'],
    ['an empty optional argument', ['copy', 'a', ''], '<to> is empty'],
    ['an empty value', ['copy', 'a', '--tag', 'x', '--tag', ''], 'the value of --tag is empty'],
    ['an excess argument', ['copy', 'a', 'b', 'c'], '"c" is one argument too many'],
  ])('exits with the usage status and an empty standard output on %s', async (_, argv, text) => {
    const { status, out, err } = await run(...argv);
    expect(status).toBe(EXIT_USAGE);
    expect(out).toBe('');
    expect(err).toContain(text);
  });

  it('prints message, code and hint of a failure on standard error', async () => {
    expect(await run('fail')).toEqual({
      status: EXIT_FAILED,
      out: '',
      err: 'tool: Cannot write "a": 0 bytes are left [DISK_FULL]\nhint: Free some space.\n',
    });
  });

  it('prints a failure as one JSON object on standard output under --json', async () => {
    const { status, out } = await run('fail', '--json');
    expect(status).toBe(EXIT_FAILED);
    expect(JSON.parse(out)).toEqual({
      error: {
        code: 'DISK_FULL',
        message: 'Cannot write "a": 0 bytes are left',
        hint: 'Free some space.',
        facts: { left: 0 },
      },
    });
  });

  it('shows what could steer a terminal and does not do it, other than to begin a line', async () => {
    thrown = new CoconError('BAD_TAR', 'Cannot read "\u001B[2J\u009B2J"\nat all', { hint: 'Not \u0007.' });
    const { out, err } = await run('throws', '--json');
    expect(err).toBe('tool: Cannot read "?[2J?2J"\nat all [BAD_TAR]\nhint: Not ?.\n');
    expect(JSON.parse(out)).toMatchObject({
      error: { message: 'Cannot read "\u001B[2J\u009B2J"\nat all', hint: 'Not \u0007.' },
    });
  });

  it.each(['EACCES', 'EROFS', 'ENOSPC', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'])(
    'has a hint and no stack for %s of a system call',
    async (errno) => {
      const facts = { errno, syscall: 'mkdir', path: '/place' };
      thrown = Object.assign(new Error(`${errno}: no, mkdir '/place'`), { ...facts, code: errno });
      const { status, out, err } = await run('throws', '--json');
      expect(status).toBe(EXIT_FAILED);
      expect(JSON.parse(out)).toMatchObject({ error: { code: 'SYSTEM', facts } });
      expect(err).toMatch(/^tool: Cannot go on: .+ \[SYSTEM\]\nhint: .+\n$/);
    },
  );

  it('shows the stack of what is a mistake of the program', async () => {
    thrown = Object.assign(new Error('ENOENT: no'), { code: 'ENOENT', syscall: 'open' });
    expect((await run('throws')).err).toMatch(/ \[INTERNAL\]\nError: ENOENT: no\n {4}at /);
  });

  it.each([
    ['no prototype', Object.create(null)],
    ['no text', { toString: () => ({}) }],
    [
      'a text that throws',
      {
        toString() {
          throw new Error('no');
        },
      },
    ],
    ['a symbol', Symbol('s')],
    ['nothing', undefined],
  ])('reports a thrown value with %s', async (_, value) => {
    thrown = value;
    const { status, err } = await run('throws');
    expect(status).toBe(EXIT_FAILED);
    expect(err).toMatch(/^tool: .+ \[INTERNAL\]\n$/);
  });

  it('shows the help of the program and of a command on standard output', async () => {
    expect((await run('--help')).out).toMatchInlineSnapshot(`
      "A tool

      Usage: tool <command> [options]

      Commands:
        copy    Copy a thing
        fail    Fail
        throws  Fail

      Run tool <command> --help for its options and examples, tool --version for its version.
      "
    `);
    expect((await run('copy', '--help')).out).toMatchInlineSnapshot(`
      "Copy a thing

      Usage: tool copy <from> [to] [options]

      Options:
            --size <bytes>  How much
            --tag <value>   Repeatable
            --note <value>  A text
            --json          Print one JSON object on standard output
        -h, --help          Show this help

      Examples:
        Copy a:
          tool copy a
      "
    `);
  });

  it('shows the help of a command for all the ways to ask', async () => {
    const { out } = await run('copy', '--help');
    expect(await run('help', 'copy')).toEqual({ status: EXIT_DONE, out, err: '' });
    expect(await run('--help', 'copy')).toEqual({ status: EXIT_DONE, out, err: '' });
    expect((await run('--help', '--json')).out).toContain('Usage: tool <command>');
    expect((await run('help', 'fly')).err).toContain('Cannot run "fly": tool has no such command');
  });

  it('loads a command when it is asked for, and no other', async () => {
    const loaded: string[] = [];
    const lazy = (name: string) => ({
      name,
      summary: copy.summary,
      load: () => {
        loaded.push(name);
        return Promise.resolve({ ...copy, name });
      },
    });
    const { terminal } = record();
    const lazyTool = { name: 'tool', summary: 'A tool', commands: [lazy('one'), lazy('two')] };
    expect(await runProgram(lazyTool, { terminal }, ['--help'])).toBe(EXIT_DONE);
    expect(loaded).toEqual([]);
    expect(await runProgram(lazyTool, { terminal }, ['two', 'a'])).toBe(EXIT_DONE);
    expect(loaded).toEqual(['two']);
  });
});
