/** What a program that is started sees: an environment of ours, however hostile that of the person is. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { KEPT, programEnvironment, runProgramNow, startProgram, type Need } from '../src/host-program.ts';
import { hostileEnvironment } from './hostile.ts';

const HOSTILE = hostileEnvironment('/home/of/the/person');

const USUAL = ['HOME', 'LC_ALL', 'PATH', 'TMPDIR', 'TZ'];

/** The environment as the program itself sees it. */
async function seen(needs: readonly Need[] = []): Promise<Readonly<Record<string, string>>> {
  const child = startProgram('env', ['--null'], {
    environment: programEnvironment({}, needs),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const variables = (await text(child.stdout)).split('\0').filter((line) => line !== '');
  return Object.fromEntries(
    variables.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function beHostile(variables = HOSTILE): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

afterEach(() => vi.unstubAllEnvs());

describe('a program', () => {
  it('sees nothing of the person but PATH and TMPDIR', async () => {
    beHostile();
    vi.stubEnv('TMPDIR', '/var/tmp');
    vi.stubEnv('PATH', '/usr/bin:/bin');
    expect(await seen()).toEqual({
      PATH: '/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
      HOME: '/proc/nonexistent',
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      TMPDIR: '/var/tmp',
    });
  });

  it('has no TMPDIR where the person has none', async () => {
    vi.stubEnv('TMPDIR', '');
    expect(Object.keys(await seen()).toSorted()).toEqual(USUAL.filter((name) => name !== 'TMPDIR'));
  });

  it('is looked for where the person looks, but never below the current directory', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cocon-test-'));
    try {
      writeFileSync(join(directory, 'flock'), '#!/bin/sh\nexit 9\n');
      chmodSync(join(directory, 'flock'), 0o755);
      const run = (): number | null => runProgramNow('flock', ['--version'], programEnvironment()).status;
      vi.stubEnv('PATH', `${directory}:/usr/bin`);
      expect(run()).toBe(9);
      for (const path of ['.:/usr/bin', ':/usr/bin', 'bin:/usr/bin']) {
        vi.stubEnv('PATH', path);
        expect(programEnvironment().PATH).toBe('/usr/bin:/usr/local/sbin:/usr/sbin:/sbin');
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is found when there is no PATH', () => {
    vi.stubEnv('PATH', undefined);
    expect(runProgramNow('flock', ['--version'], programEnvironment()).status).toBe(0);
  });

  it.each(Object.keys(KEPT) as Need[])(
    'with the need "%s" sees what is listed for it, and no more',
    async (need) => {
      beHostile();
      const named = KEPT[need].map((name) => name.replace('*', 'SOMETHING'));
      for (const name of named) vi.stubEnv(name, 'of the person');
      const found = await seen([need]);
      expect(named.map((name) => found[name])).toEqual(named.map(() => 'of the person'));
      // What the person has of the same prefixes, as GIT_SSL_CAINFO, is let in, too.
      const prefixes = KEPT[need].flatMap((name) => (name.endsWith('*') ? [name.slice(0, -1)] : []));
      const others = Object.keys(found).filter(
        (name) => !named.includes(name) && !prefixes.some((prefix) => name.startsWith(prefix)),
      );
      expect(others.filter((name) => !USUAL.includes(name))).toEqual([]);
    },
  );

  it('says why it could not be started', () => {
    expect(runProgramNow('no-such-program', [], programEnvironment()).error?.message).toContain('ENOENT');
  });
});
