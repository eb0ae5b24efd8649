/** The programs start from anywhere, whatever `node` the system has. */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, expect, test } from 'vitest';

import { VERSION } from '../../cli/src/version.ts';
import { ROOT } from '../support/releases.ts';

const PACKAGES = { cocon: 'image-builder', 'cocon-update': 'updater', sdfs: 'sdfs' };
const programs = Object.keys(PACKAGES);

const scratch = mkdtempSync(join(tmpdir(), 'cocon launchers '));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A project of somebody else, which has the packages as dependencies by their paths. */
const project = join(scratch, 'project');
mkdirSync(project);
writeFileSync(join(project, 'package.json'), '{"name":"project","private":true}');
const paths = Object.values(PACKAGES).map((name) => join(ROOT, name));
await promisify(execFile)('npm', ['install', '--offline', '--no-audit', '--no-fund', ...paths], {
  cwd: project,
});

/** A PATH whose `node` is none that could run anything. */
const other = join(scratch, 'other');
mkdirSync(other);
writeFileSync(join(other, 'node'), '#!/bin/sh\necho "SyntaxError: this is not Node 24" >&2\nexit 1\n');
chmodSync(join(other, 'node'), 0o755);
const environment = { ...process.env, PATH: `${other}:${process.env['PATH'] ?? ''}` };

async function says(path: string, cwd: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(path, args, { cwd, env: environment })).stdout;
}

test.each(programs)('%s starts by a dependency, a link, and its own path', async (program) => {
  const line = `${program} ${VERSION}\n`;
  const installed = join(project, 'node_modules/.bin', program);
  expect(await says(installed, '/', '--version')).toBe(line);
  expect(await says(`node_modules/.bin/${program}`, project, '--version')).toBe(line);
  const link = join(scratch, `link-to-${program}`);
  symlinkSync(installed, link);
  expect(await says(link, '/', '--version')).toBe(line);
  expect(await says(join(ROOT, PACKAGES[program as 'cocon'], 'bin', program), scratch, '--version')).toBe(
    line,
  );
});

test.each(programs)('%s hands words and the exit status on as they are', async (program) => {
  const run = says(join(project, 'node_modules/.bin', program), '/', 'no such', '*', "it's");
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Cannot run "no such"') as string,
  });
});

test.each(programs)('%s starts whatever shells are told', async (program) => {
  const script = join(scratch, 'of the person.sh');
  writeFileSync(script, 'echo "said by BASH_ENV"\n');
  const odd = { ...environment, BASH_ENV: script, ENV: script, CDPATH: `/:${ROOT}` };
  const { stdout } = await promisify(execFile)(
    'sh',
    [
      '-c',
      '"$1" --version; sh scripts/node "$2" --version',
      'sh',
      join(project, 'node_modules/.bin', program),
      join(PACKAGES[program as 'cocon'], 'bin', `${program}.ts`),
    ],
    { cwd: ROOT, env: odd },
  );
  expect(stdout).toBe(`${program} ${VERSION}\n`.repeat(2));
});

test.each(programs)('%s has its exit status whoever reads or writes', async (program) => {
  const script = `
set +e
"$1" --help | true; echo "\${PIPESTATUS[0]}"
"$1" --help >&-; echo "$?"
"$1" no-such 2>&-; echo "$?"
"$1" no-such <&- 2>&1 | true; echo "\${PIPESTATUS[0]}"
"$1" --help >/dev/full 2>/dev/null; echo "$?"
`;
  const launcher = join(project, 'node_modules/.bin', program);
  expect(await says('bash', scratch, '-c', script, 'sh', launcher)).toBe('0\n0\n2\n2\n1\n');
});

test.each(programs)('%s says what is needed where nothing is installed', async (program) => {
  const checkout = join(scratch, 'checkout');
  const launcher = join(checkout, PACKAGES[program as 'cocon'], 'bin', program);
  for (const [from, to] of [
    [join(ROOT, 'scripts/node'), join(checkout, 'scripts/node')],
    [join(ROOT, PACKAGES[program as 'cocon'], 'bin', program), launcher],
  ] as const) {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
  await expect(says(launcher, '/', '--version')).rejects.toMatchObject({
    code: 1,
    stderr: `scripts/node: Cannot run: the npm packages are not installed\nhint: Run npm run setup in ${checkout}.\n`,
  });
});

test('the three launchers are the same text', () => {
  const texts = programs.map((program) =>
    readFileSync(join(ROOT, PACKAGES[program as 'cocon'], 'bin', program), 'utf8'),
  );
  expect(new Set(texts).size).toBe(1);
});

test('all packages have one version', () => {
  const manifests = globSync('{.,*}/package.json', { cwd: ROOT, exclude: ['node_modules', 'out', 'target'] });
  const versions = manifests.map((name) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as { version: string };
    return [name, version];
  });
  expect(versions.length).toBeGreaterThan(7);
  expect(versions).toEqual(manifests.map((name) => [name, VERSION]));
});
