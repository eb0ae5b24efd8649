/** The documents and the help name commands, options and places that there are. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Command } from '@cocon-os/cli';
import { expect, test } from 'vitest';

import { program as cocon } from '../../image-builder/src/program.ts';
import { sdfsProgram as sdfs } from '../../sdfs/src/cli/program.ts';
import { program as updater } from '../../updater/src/program.ts';
import { ROOT } from '../support/releases.ts';

/** What of a command its lines are held to. */
type Listed = Pick<Command<never>, 'name' | 'args' | 'options' | 'examples'>;

const documents = globSync(
  '{*.md,{bootloader,cli,docs,engine,image-builder,native,qemu,sdfs,slices,test,updater}/**/*.md}',
  {
    cwd: ROOT,
    exclude: (path) => /(?:^|\/)(?:node_modules|target|out)$/.test(path),
  },
).toSorted();
const texts = new Map(documents.map((name) => [name, readFileSync(join(ROOT, name), 'utf8')]));

const programs = new Map<string, ReadonlyMap<string, Listed>>();
for (const { name, commands } of [cocon, sdfs, updater]) {
  const loaded: readonly Listed[] = await Promise.all(
    commands.map(async (each) => ('load' in each ? await each.load() : each)),
  );
  programs.set(name, new Map(loaded.map((command) => [command.name, command])));
}
const NAMES = [...programs.keys()].join('|');

/** Command lines of the programs in code, without the words that explain them. */
function commandLines(text: string): readonly string[] {
  const fenced = [...text.matchAll(/^```\w*\n(.*?)^```/gms)].flatMap(([, code = '']) => code.split('\n'));
  const inline = [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  );
  return [...fenced, ...inline]
    .filter((line) => new RegExp(`^(?:${NAMES}) [a-z]`).test(line))
    .map((line) => line.split(/ {2,}| +#| [|>] ?/)[0]?.trim() ?? '');
}

/** What is wrong with a line, in words; empty if nothing is. */
function faultOf(line: string): string {
  const [program = '', name = '', ...words] = line.split(' ');
  const command = programs.get(program)?.get(name);
  if (command === undefined) return 'there is no such command';
  let positional = 0;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word === '-') {
      positional += 1;
      continue;
    }
    const option = Object.entries(command.options).find(
      ([long, { short }]) => word === `--${long}` || (short !== undefined && word === `-${short}`),
    );
    if (option === undefined && word !== '--json' && word !== '--help') return `${word} is no option`;
    if (option !== undefined && option[1].type !== 'boolean') at += 1;
  }
  const unlimited = command.args.some((each) => each.endsWith('...'));
  return unlimited || positional <= command.args.length ? '' : 'it has an argument too many';
}

test.each(documents)('%s names commands and options that there are', (name) => {
  const faults = commandLines(texts.get(name) ?? '').map((line) => ({ line, fault: faultOf(line) }));
  expect(faults.filter(({ fault }) => fault !== '')).toEqual([]);
});

test('the test reads command lines', () => {
  expect(commandLines(texts.get('README.md') ?? '')).toContain(
    'cocon seal out/embedded-pc --key release.key -o os-1.oci',
  );
  expect(faultOf('cocon sael os.tar')).toBe('there is no such command');
  expect(faultOf('cocon seal os.tar --keys x')).toBe('--keys is no option');
  expect(faultOf('cocon seal os.tar other.tar')).toBe('it has an argument too many');
});

test('the examples of every help can be typed as they stand', () => {
  const examples = [...programs.values()].flatMap((commands) =>
    [...commands.values()].flatMap((command) => command.examples.map((each) => each.command)),
  );
  expect(examples.length).toBeGreaterThan(30);
  const lines = examples.flatMap((line) => {
    const calls = [...line.matchAll(new RegExp(`(?:^|[|(] ?)((?:${NAMES}) [^|)>]+)`, 'g'))];
    expect({ line, calls: calls.length }).not.toEqual({ line, calls: 0 });
    return calls.map(([, call = '']) => call.replaceAll(/"[^"]*"/g, 'text').trim());
  });
  const faults = lines.map((line) => ({ line, fault: faultOf(line) }));
  expect(faults.filter(({ fault }) => fault !== '')).toEqual([]);
});

/** The anchor of a heading, as the hosts of repositories make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

test.each(documents)('every link of %s leads somewhere', (name) => {
  const prose = (texts.get(name) ?? '').replaceAll(/^```.*?^```/gms, '');
  for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(link)) continue;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? name : join(dirname(name), path);
    expect({ link, exists: existsSync(join(ROOT, target)) }).toEqual({ link, exists: true });
    if (anchor === undefined) continue;
    const headings = [...(texts.get(target) ?? '').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
      anchorOf(text),
    );
    expect(headings).toContain(anchor);
  }
});
