/**
 * No program prints a password or the signature of a URL, wherever it was given: every output of
 * each is looked at.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { scratchDirectory } from './support/scratch.ts';

const ROOT = join(import.meta.dirname, '../..');
const scratch = scratchDirectory();
const SECRET = 'hunter2';
/** Nothing listens on port 1. */
const HOST = '127.0.0.1:1';
const WITH_PASSWORD = `http://user:${SECRET}@${HOST}/os.oci`;
const SIGNED = `http://${HOST}/os.oci?X-Amz-Signature=${SECRET}&x=1`;
const COCON = 'image-builder/bin/cocon.ts';
const UPDATE = 'updater/bin/cocon-update.ts';
const place = scratch('place');
mkdirSync(place);

function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      'bash',
      [join(ROOT, 'scripts/node'), join(ROOT, program), ...args],
      { cwd: place, env: { ...process.env, ...environment } },
      (_, out, err) => resolve(`${out}${err}`),
    );
  });
}

it.concurrent.each<readonly [string, string, readonly string[], Readonly<Record<string, string>>]>([
  ['one argument too many', UPDATE, ['stage', 'x', WITH_PASSWORD], {}],
  ['an unknown command', UPDATE, [WITH_PASSWORD], {}],
  ['an unknown option', UPDATE, ['stage', `--from=${SIGNED}`], {}],
  ['a URL in place of a volume', UPDATE, ['status', '--volume', WITH_PASSWORD], {}],
  ['a URL in place of a key', UPDATE, ['stage', 'x', '--key', SIGNED], {}],
  ['a URL in place of an image', COCON, ['seal', WITH_PASSWORD, '--key', 'no.key'], {}],
  ['a signed URL in place of an image', COCON, ['inspect', SIGNED], {}],
  ['a user in a reference', COCON, ['inspect', `user:${SECRET}@${HOST}/os:v1`], {}],
  ['a user in a docker reference', COCON, ['inspect', `docker://user:${SECRET}@${HOST}/os:v1`], {}],
  ['a slash in its password', COCON, ['inspect', `user:a/${SECRET}/b@${HOST}/os:v1`], {}],
  ['a slash in one of docker', COCON, ['seal', `docker://user:${SECRET}/b@${HOST}/os@sha256:0`], {}],
  ['an at sign in it', COCON, ['inspect', `docker://user:a@${SECRET}@${HOST}`], {}],
  ['a token without a name', COCON, ['inspect', `docker://${SECRET}@${HOST}/os`], {}],
  [
    'a proxy with a password',
    COCON,
    ['inspect', 'registry.invalid/os:v1', '--insecure'],
    { http_proxy: `user:${SECRET}@${HOST}` },
  ],
  [
    'a proxy that cannot be used',
    COCON,
    ['inspect', 'registry.invalid/os:v1'],
    { https_proxy: `socks5://user:${SECRET}@${HOST}` },
  ],
  [
    'a mirror with a password',
    COCON,
    ['build', '--target', 'no-such-slice'],
    { COCON_DEBIAN_MIRROR: WITH_PASSWORD },
  ],
  [
    'a program with a password in its name',
    COCON,
    ['bundle', 'oci:x', '-o', 'y'],
    { COCON_MKFS_EROFS: WITH_PASSWORD },
  ],
])('%s', async (_, program, args, environment) => {
  for (const json of [[], ['--json']]) {
    const said = await run(program, [...args, ...json], environment);
    expect(said).toMatch(/\[[A-Z_]+\]\n/);
    expect(said).not.toContain(SECRET);
    expect(said).not.toContain('[INTERNAL]');
  }
});
