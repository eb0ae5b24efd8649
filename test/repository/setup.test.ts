/** What `scripts/setup` and `scripts/node` say on a machine that lacks something. The machine is made of stubs. */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { ROOT } from '../support/releases.ts';

const SCRIPTS = ['setup', 'node', 'debian-packages.txt'];
/** What the scripts call of every system. */
const COMMANDS = ['bash', 'dirname', 'grep', 'cmp'];

interface Machine {
  readonly missing?: readonly string[];
  readonly node?: string;
  /** Programs that it has none of. */
  readonly without?: readonly string[];
  readonly architecture?: string;
}

/** Runs a script of a fresh checkout on such a machine, as a user that is not root. */
async function said(script: string, machine: Machine): Promise<{ status: unknown; words: string }> {
  const { missing = [], node = 'v20.1.0', without = [], architecture = 'x86_64' } = machine;
  const root = await mkdtemp(join(tmpdir(), 'cocon-setup-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'scripts'));
  await mkdir(join(root, 'bin'));
  for (const name of SCRIPTS) await copyFile(join(ROOT, 'scripts', name), join(root, 'scripts', name));
  for (const name of COMMANDS) await symlink(`/usr/bin/${name}`, join(root, 'bin', name));
  const stubs = {
    node: `echo ${node}`,
    npm: 'echo npm was run >&2; exit 9',
    id: 'echo 1000',
    uname: `[ "$1" = -m ] && echo ${architecture} || echo Linux`,
    'dpkg-query': `for name; do case " -W ${missing.join(' ')} " in *" $name "*) ;; *) echo "$name=installed";; esac; done`,
  };
  for (const [name, body] of Object.entries(stubs)) {
    if (without.includes(name)) continue;
    await writeFile(join(root, 'bin', name), `#!/usr/bin/bash\n${body}\n`);
    await chmod(join(root, 'bin', name), 0o755);
  }
  return await new Promise((resolve) => {
    const env = { PATH: join(root, 'bin') };
    execFile('/usr/bin/bash', [join(root, 'scripts', script)], { env }, (error, out, err) =>
      resolve({ status: error?.code ?? 0, words: `${out}${err}` }),
    );
  });
}

const INSTALL = 'sudo apt-get update && sudo apt-get install -y --no-install-recommends';

test('names exactly the Debian packages that are missing, and the line that installs them', async () => {
  expect(await said('setup', { missing: ['bison', 'zstd'] })).toEqual({
    status: 1,
    words: `setup: Cannot go on: 2 Debian packages are missing\nhint: Run: ${INSTALL} bison zstd\n`,
  });
  const one = await said('setup', { missing: ['umoci'] });
  expect(one.words).toBe(`setup: Cannot go on: 1 Debian package is missing\nhint: Run: ${INSTALL} umoci\n`);
});

test.each<[string, Machine, RegExp]>([
  ['no node', { without: ['node'] }, /^setup: Cannot find node and npm\nhint: Install Node\.js 20 or later/],
  ['no npm', { without: ['npm'] }, /^setup: Cannot find node and npm\nhint: /],
  // That of Debian 12 itself.
  [
    'an old node',
    { node: 'v18.19.0' },
    /^setup: Cannot use Node\.js v18\.19\.0: it is too old\nhint: Install Node\.js 20/,
  ],
  ['no Debian', { without: ['dpkg-query'] }, /^setup: Cannot find dpkg-query: .*\nhint: .*Debian 12/],
  [
    'another processor',
    { architecture: 'aarch64' },
    /^setup: Cannot set up on Linux aarch64\nhint: .*x86_64/,
  ],
])('says what to do on a machine with %s', async (_, machine, words) => {
  const found = await said('setup', machine);
  expect(found.status).toBe(1);
  expect(found.words).toMatch(words);
});

test('keeps escape sequences to terminals', async () => {
  const { words } = await said('setup', {});
  expect(words).toContain('setup: installing npm packages\n');
  expect(words).not.toContain('\u001B');
});

test('scripts/node says how its Node is installed', async () => {
  const { status, words } = await said('node', {});
  expect(status).toBe(1);
  expect(words).toMatch(
    /^scripts\/node: Cannot run: the npm packages are not installed\nhint: Run npm run setup in \/\S+\.\n$/,
  );
});

test('the list of packages is sorted and names each once', async () => {
  const text = await readFile(join(ROOT, 'scripts/debian-packages.txt'), 'utf8');
  const names = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(names).toEqual([...new Set(names)].toSorted());
});
