/** `cocon run` as a person uses it: a process of its own, a console, the key that leaves it. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { mustRun } from './support/cocon.ts';
import { file, kernelLayer, tarOf, writeLayout } from './support/layout.ts';
import { makeLoader } from './support/pe-image.ts';
import { scratchDirectory } from './support/scratch.ts';
import { sh } from './support/sh.ts';

const scratch = scratchDirectory();
const PROGRAM = join(import.meta.dirname, '../bin/cocon.ts');
const LEAVE = '\u001D';

let directory: string;

beforeAll(async () => {
  directory = scratch('run');
  mkdirSync(directory);
  const layer = await tarOf([file('data', Buffer.alloc(8192, 'data'))]);
  writeLayout(join(directory, 'image'), [{ tar: await kernelLayer() }, { tar: layer }]);
  writeFileSync(join(directory, 'loader.efi'), makeLoader());
  await mustRun(directory, 'keygen', 'release');
  await mustRun(directory, 'seal', 'image', '--key', 'release.key', '-o', 'release.oci');
  const options = ['--trusted-key', 'release.pub', '--loader', 'loader.efi', '-o', 'disk.img'];
  await mustRun(directory, 'image', 'release.oci', ...options);
});

describe('cocon run', () => {
  it('connects the console, leaves it by Ctrl-] and forgets what the machine changed', async () => {
    const digest = (): string =>
      createHash('sha256')
        .update(readFileSync(join(directory, 'disk.img')))
        .digest('hex');
    const before = digest();

    const child = spawn(process.execPath, [PROGRAM, 'run', 'disk.img', '--log', 'console.log'], {
      cwd: directory,
    });
    let output = '';
    // The firmware says what it starts from long before anything of the disk could run.
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      if (output.includes('BdsDxe')) child.stdin.write(LEAVE);
    });
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    expect(output).toContain('Press Ctrl-] to leave it');
    expect(output).toContain('--keep writes them into the image');
    expect(status).toBe(0);
    expect(readFileSync(join(directory, 'console.log'), 'utf8')).toContain('BdsDxe');
    expect(digest()).toBe(before);
  });

  it.each([
    ['head -n 1', 'Console of "cocon". Press Ctrl-] to leave it.'],
    // From the firmware, so long after the end of the input.
    ['grep --max-count=1 --only-matching BdsDxe', 'BdsDxe'],
  ])('with nothing to type goes on until nobody reads it: | %s', async (reader, line) => {
    const script = `cd "$3"; "$1" "$2" run disk.img </dev/null 2>/dev/null | ${reader}; echo "\${PIPESTATUS[*]}"`;
    const out = await sh(script, process.execPath, PROGRAM, directory);
    expect(out.replaceAll('\r', '')).toBe(`${line}\n0 0\n`);
  });
});
