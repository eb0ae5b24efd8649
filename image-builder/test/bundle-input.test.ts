/** Images that no container can be made of: each has a code of its own, a hint, and leaves no output behind. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import type { BuilderErrorCode } from '../src/errors.ts';
import type { TarEntry } from '../src/tar/write.ts';
import { cocon } from './support/cocon.ts';
import { entry, file, tarOf, writeLayout } from './support/layout.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();

async function layout(
  execution: unknown,
  entries: readonly TarEntry[] = [],
  architecture = 'amd64',
): Promise<string> {
  const place = scratch('image');
  writeLayout(place, [{ tar: await tarOf(entries) }], { execution, architecture });
  return place;
}

/** What is wrong, the code it must have, and how to make it. */
const BAD_IMAGES: readonly (readonly [string, BuilderErrorCode, () => Promise<string>])[] = [
  ['an image without a command', 'IMAGE_NO_COMMAND', () => layout({})],
  ['an image without a configuration', 'IMAGE_NO_COMMAND', () => layout(undefined)],
  ['a user without a table', 'USER_UNKNOWN', () => layout({ Cmd: ['a'], User: 'www' })],
  [
    'a user that the table does not have',
    'USER_UNKNOWN',
    () => layout({ Cmd: ['a'], User: 'www' }, [file('etc/passwd', 'root:x:0:0::/:\n')]),
  ],
  [
    'a table that is a loop of links',
    'USER_UNKNOWN',
    () => layout({ Cmd: ['a'], User: 'www' }, [entry('etc/passwd', 'symlink', { linkname: 'passwd' })]),
  ],
  ['a command that is no list', 'MANIFEST_INVALID', () => layout({ Cmd: 'sh -c' })],
  ['another processor', 'IMAGE_WRONG_ARCHITECTURE', () => layout({ Cmd: ['a'] }, [], 'arm64')],
  ['a file where /dev should be', 'MOUNT_POINT_INVALID', () => layout({ Cmd: ['a'] }, [file('dev')])],
  [
    'a table behind a loop of links',
    'USER_UNKNOWN',
    () =>
      layout({ Cmd: ['a'], User: 'www' }, [
        entry('etc/passwd', 'symlink', { linkname: '/a/passwd' }),
        entry('a', 'symlink', { linkname: 'b' }),
        entry('b', 'symlink', { linkname: 'a' }),
      ]),
  ],
  [
    'a working directory below a file',
    'WORKING_DIRECTORY_INVALID',
    () => layout({ Cmd: ['a'], WorkingDir: '/f/x' }, [file('f')]),
  ],
  [
    'a working directory that is a file',
    'WORKING_DIRECTORY_INVALID',
    () => layout({ Cmd: ['a'], WorkingDir: '/f' }, [file('f')]),
  ],
  [
    'a working directory behind a link that climbs',
    'WORKING_DIRECTORY_INVALID',
    () => layout({ Cmd: ['a'], WorkingDir: '/l' }, [entry('l', 'symlink', { linkname: '../x' })]),
  ],
  ['a path that is not there', 'INPUT_NOT_FOUND', async () => './nothing'],
];

describe('cocon bundle', () => {
  let workplace: string;
  beforeAll(() => {
    workplace = scratch('workplace');
    mkdirSync(workplace);
  });

  it.for(BAD_IMAGES)('refuses %s with %s', async ([, code, make]) => {
    const output = scratch('app.erofs');
    const run = await cocon(workplace, 'bundle', await make(), '-o', output, '--name', 'app', '--json');
    const { error } = JSON.parse(run.out) as { error: { code: string; hint: string | null } };
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/[.)]$/) as unknown });
    expect(run.status).toBe(1);
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(dirname(output)).filter((name) => name.includes('.draft-'))).toEqual([]);
  });

  it.for([
    ['no file to write', []],
    ['a name that is none', ['-o', 'a.erofs', '--name', '../a']],
    ['a file that makes no name', ['-o', 'A_b.erofs']],
    ['a network that is none', ['-o', 'a.erofs', '--network', 'bridge']],
    ['too little memory', ['-o', 'a.erofs', '--memory', '1K']],
    ['no processor', ['-o', 'a.erofs', '--cpus', '0']],
    ['a number that is none', ['-o', 'a.erofs', '--pids', 'many']],
  ] as const)('ends with status 2 for %s', async ([, options]) => {
    const run = await cocon(workplace, 'bundle', await layout({ Cmd: ['a'] }), ...options);
    expect(run.status).toBe(2);
    expect(run.err).toContain('hint: ');
  });
});
