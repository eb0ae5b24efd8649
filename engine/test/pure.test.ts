/** What definitions must not look at, where a clock, the machine or other files can be found in this runtime. */
import { execFileSync, spawn } from 'node:child_process';
import {
  createHash,
  randomBytes,
  randomInt,
  randomUUID,
  generateKeyPairSync,
  getRandomValues,
} from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import fs, { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect, Socket } from 'node:net';
import os, { cpus, hostname, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { performance as measured } from 'node:perf_hooks';
import nodeProcess, { env, hrtime } from 'node:process';
import timers from 'node:timers';
import { setTimeout as setTimeoutAsked } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { defineBoard } from '../src/define/board.ts';
import { defineProfile } from '../src/define/profile.ts';
import { defineSlice } from '../src/define/slice.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import { loadProfile } from '../src/graph/load.ts';

const board = defineBoard({
  name: 'bench',
  summary: 'A board for tests',
  target: 'x86_64',
  kernel: () => [],
  commandLine: '',
});

/** The script of a slice whose build comes to what `look` gives. */
async function scriptOf(look: () => unknown): Promise<string> {
  const looking = defineSlice({
    name: 'looking',
    version: '1',
    license: 'MIT',
    summary: 'Looks around',
    outputs: { runtime: [''] },
    build: () => ({ kind: 'steps', steps: [{ name: 'x', script: String(look()) }] }),
  });
  const profile = defineProfile({ name: 'test', summary: 'For a test', slices: [looking] });
  const { recipe } = (await evaluate({ profile, board })).nodes[0] ?? {};
  return recipe?.kind === 'steps' ? (recipe.steps[0]?.script ?? '') : '';
}

const HERE = import.meta.dirname;

describe('a definition', () => {
  test.each<[string, string, () => unknown]>([
    ['reads the clock', 'Date.now()', () => Date.now()],
    ['reads the clock', 'new Date()', () => new Date()],
    ['reads the clock', 'Date()', () => Date()],
    ['ends this process', 'process.exit()', () => process.exit(0)],
    ['ends this process', 'exit()', () => nodeProcess.exit(0)],
    ['ends this process', 'process.abort()', () => process.abort()],
    ['puts something off until later', 'setTimeout()', () => setTimeout(() => {}, 0)],
    ['puts something off until later', 'setInterval()', () => setInterval(() => {}, 1000)],
    ['puts something off until later', 'setImmediate()', () => setImmediate(() => {})],
    ['puts something off until later', 'timers.setTimeout()', () => timers.setTimeout(() => {}, 0)],
    ['puts something off until later', 'timers/promises', () => setTimeoutAsked(0)],
    ['reads the clock', 'performance.now()', () => performance.now()],
    ['reads the clock', 'performance.now() of node:perf_hooks', () => measured.now()],
    ['reads the clock', 'performance.timeOrigin', () => performance.timeOrigin],
    ['reads the clock', 'performance.mark()', () => performance.mark('x').startTime],
    ['reads the clock', 'process.hrtime()', () => process.hrtime()],
    ['reads the clock', 'process.hrtime.bigint()', () => process.hrtime.bigint()],
    ['reads the clock', 'hrtime() of node:process', () => hrtime()],
    ['reads the clock', 'process.uptime()', () => process.uptime()],
    [
      'reads the clock',
      'a format of no date',
      () => new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(),
    ],
    ['reads chance', 'Math.random()', () => Math.random()],
    ['reads chance', 'crypto.randomUUID()', () => crypto.randomUUID()],
    ['reads chance', 'crypto.getRandomValues()', () => crypto.getRandomValues(new Uint8Array(8))],
    ['reads chance', 'randomUUID()', () => randomUUID()],
    ['reads chance', 'getRandomValues()', () => getRandomValues(new Uint8Array(8))],
    ['reads chance', 'randomBytes()', () => randomBytes(8)],
    ['reads chance', 'randomInt()', () => randomInt(8)],
    ['reads chance', 'generateKeyPairSync()', () => generateKeyPairSync('ed25519')],
    ['reads the environment', 'process.env', () => process.env['HOME']],
    ['reads the environment', 'env of node:process', () => env['HOME']],
    ['reads the environment', 'whether a variable is set', () => 'HOME' in process.env],
    ['reads the environment', 'all variables', () => Object.keys(process.env)],
    ['reads what this process is', 'process.pid', () => process.pid],
    ['reads what this process is', 'process.argv', () => process.argv[2]],
    ['reads what this machine is', 'hostname()', () => hostname()],
    ['reads what this machine is', 'cpus()', () => cpus()],
    ['reads what this machine is', 'userInfo()', () => userInfo()],
    ['reads what this machine is', 'tmpdir()', () => tmpdir()],
    ['reads what this machine is', 'os.homedir()', () => os.homedir()],
    ['reads what this machine is', 'process.arch', () => process.arch],
    ['reads what this machine is', 'process.versions', () => process.versions.node],
    ['reads what this machine is', 'the processors', () => navigator.hardwareConcurrency],
    ["reads this machine's language", 'navigator.language', () => navigator.language],
    [
      "reads this machine's language",
      'Intl.DateTimeFormat',
      () => new Intl.DateTimeFormat().resolvedOptions(),
    ],
    ["reads this machine's language", 'Intl.NumberFormat', () => Intl.NumberFormat().format(1234.5)],
    [
      "reads this machine's language",
      'localeCompare()',
      () => ['b', 'a'].toSorted((a, b) => a.localeCompare(b)),
    ],
    ["reads this machine's language", 'toLocaleString()', () => (1234.5).toLocaleString()],
    [
      "reads this machine's time zone",
      'a format of no zone',
      () => new Intl.DateTimeFormat('en').resolvedOptions(),
    ],
    ["reads this machine's time zone", 'getHours()', () => new Date(0).getHours()],
    ["reads this machine's time zone", 'a date as text', () => String(new Date(0))],
    ["reads this machine's time zone", 'a local date', () => new Date(2026, 0, 1).getTime()],
    ["reads this machine's time zone", 'a local time', () => Date.parse('2026-01-01T00:00')],
    ['reads the current directory', 'process.cwd()', () => process.cwd()],
    ['reads the current directory', 'cwd() of node:process', () => nodeProcess.cwd()],
    ['reads the current directory', 'a path that is not whole', () => resolve('x')],
    ['reads the current directory', 'a file of it', () => readFileSync('package.json', 'utf8')],
    ['reads a file outside of its project', 'readFileSync()', () => readFileSync('/etc/hostname', 'utf8')],
    [
      'reads a file outside of its project',
      'statSync()',
      () => statSync(new URL('file:///proc/uptime')).size,
    ],
    ['reads a file outside of its project', 'a way out', () => readdirSync(join(HERE, '../../../..'))],
    ['writes files', 'writeFileSync()', () => writeFileSync(join(HERE, 'never'), '')],
    ['writes files', 'mkdtempSync()', () => fs.mkdtempSync(join(HERE, 'never'))],
    ['writes files', 'openSync()', () => fs.openSync(join(HERE, 'never'), 'w')],
    ['writes files', 'writeFile()', () => void writeFile(join(HERE, 'never'), '')],
    ['starts a program', 'execFileSync()', () => execFileSync('date')],
    ['starts a program', 'spawn()', () => spawn('date')],
    ['starts a thread', 'Worker', () => new Worker('', { eval: true })],
    ['reads the network', 'fetch()', () => fetch('http://127.0.0.1')],
    ['reads the network', 'connect()', () => connect(1)],
    ['reads the network', 'Socket', () => new Socket()],
    ['reads the network', 'http.get()', () => get('http://127.0.0.1')],
    ['reads the network', 'lookup()', () => lookup('localhost', () => {})],
    ['reads the network', 'createSocket()', () => createSocket('udp4')],
  ])('that %s (%s) is refused, and its line is named', async (does, _, look) => {
    await expect(scriptOf(look)).rejects.toMatchObject({
      code: 'SLICE_INVALID',
      message: expect.stringMatching(
        new RegExp(
          String.raw`^Cannot use slice "looking": build: it ${does} at \S*pure\.test\.ts:\d+ \(\S*pure\.test\.ts:\d+\)$`,
        ),
      ) as unknown,
      hint: expect.stringMatching(/\w/) as unknown,
    });
  });

  test.each<[string, () => unknown, string]>([
    ['a moment that it names', () => new Date(0).toISOString(), '1970-01-01T00:00:00.000Z'],
    ['a date in UTC', () => Date.parse('2026-01-01') - Date.UTC(2026, 0, 1), '0'],
    ['a time with its zone', () => new Date('2026-01-01T01:00:00+01:00').getUTCHours(), '0'],
    ['a locale that it names', () => ['b', 'a'].toSorted((a, b) => a.localeCompare(b, 'en')), 'a,b'],
    ['hashes', () => createHash('sha256').update('').digest('hex').slice(0, 8), 'e3b0c442'],
    ['its own files', () => readFileSync(join(HERE, 'pure.test.ts'), 'utf8').length > 1, 'true'],
    ['its own directory', () => readdirSync(HERE).includes('pure.test.ts'), 'true'],
    [
      'files of this repository',
      () => statSync(new URL('../package.json', import.meta.url)).isFile(),
      'true',
    ],
    ['whole paths', () => resolve('/a', '../b'), '/b'],
  ])('may use %s', async (_, look, script) => {
    await expect(scriptOf(look)).resolves.toBe(script);
  });
});

describe('while a definition is evaluated', () => {
  test('nobody else is hindered, and everything is as it was afterwards', async () => {
    const watched = (): readonly unknown[] => [
      Date,
      Math.random,
      process.env,
      process.hrtime,
      fetch,
      os.hostname,
      hostname,
      fs.writeFileSync,
    ];
    const before = watched();
    const evaluating = scriptOf(() => 'x');
    expect(new Date().getHours()).toBeGreaterThanOrEqual(0);
    expect([hostname(), process.env['PATH'], process.pid, process.cwd()].every(Boolean)).toBe(true);
    await evaluating;
    await expect(scriptOf(() => Date.now())).rejects.toThrow('reads the clock');
    expect(watched()).toEqual(before);
    expect(new Date()).toBeInstanceOf(Date);
  });
});

describe('loadProfile()', () => {
  let home = '';

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'cocon-pure-'));
    await mkdir(join(home, 'profiles'));
    const profile = (name: string, first: string) =>
      writeFile(
        join(home, `profiles/${name}.ts`),
        `${first}\nexport const profile = { name: '${name}', summary };\n`,
      );
    await profile('timed', 'const summary = String(Date.now());');
    await profile('named', "import { hostname } from 'node:os';\nconst summary = hostname();");
    await profile(
      'asked',
      "const answer = await fetch('http://127.0.0.1:1');\nconst summary = answer.statusText;",
    );
    await profile(
      'served',
      "import { createServer } from 'node:http2';\nconst summary = String(createServer());",
    );
    await profile('importing', "import { summary } from './helper.js';");
    await writeFile(join(home, 'profiles/helper.js'), "export const summary = process.env['HOME'];\n");
    await profile(
      'pure',
      "import { readFileSync } from 'node:fs';\nconst summary = readFileSync(import.meta.filename, 'utf8');",
    );
  });

  afterAll(async () => rm(home, { recursive: true }));

  test.each([
    ['timed', 'reads the clock', 'timed.ts'],
    ['named', 'reads what this machine is', 'named.ts'],
    ['asked', 'reads the network', 'asked.ts'],
    ['served', 'reads the network', 'served.ts'],
    ['importing', 'reads the environment', 'helper.js'],
  ])('refuses the file %s, which %s when it is loaded', async (name, does, file) => {
    await expect(loadProfile(name, home)).rejects.toMatchObject({
      code: 'SLICE_INVALID',
      message: expect.stringMatching(
        new RegExp(
          `^Cannot load ${home}/profiles/${name}.ts: it ${does} at ${home}/profiles/${file}:[0-9]+$`,
        ),
      ) as unknown,
      hint: expect.stringMatching(/\w/) as unknown,
    });
  });

  test('loads one that reads its own directory', async () => {
    vi.stubEnv('HOME', home);
    await expect(loadProfile('pure', home)).resolves.toMatchObject({ name: 'pure' });
    vi.unstubAllEnvs();
  });
});
