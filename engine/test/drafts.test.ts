import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { draftOf, draftsIn, isDraft, processIdentity, stateOf, sweepDrafts } from '../src/drafts.ts';
import { scratchDirectory } from './support.ts';

/** The identity of a process that has ended. */
async function deadIdentity(): Promise<string> {
  const child = spawn('sleep', ['60']);
  const identity = await processIdentity(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'close');
  return identity;
}

describe('stateOf()', () => {
  test('knows this process, no other one of its number, and judges nobody in another PID namespace', async () => {
    const own = await processIdentity(process.pid);
    const [pid = '', start = '', namespace = ''] = own.split('.');
    expect(await stateOf(own)).toBe('running');
    expect(await stateOf(`${pid}.1.${namespace}`)).toBe('ended');
    expect(await stateOf(await deadIdentity())).toBe('ended');
    expect(await stateOf(`${pid}.${start}.1`)).toBe('elsewhere');
    expect(await stateOf(`${pid}.${start}`)).toBe('elsewhere');
  });
});

describe('sweepDrafts()', () => {
  test('removes what ended processes left, of one path if asked for, and nothing else', async () => {
    const home = await scratchDirectory();
    const mine = await draftOf(join(home, 'image'));
    const dead = mine.replace(await processIdentity(process.pid), await deadIdentity());
    const other = dead.replace('image', 'other-image');
    const elsewhere = mine.replace(/\.\d+-/, '.1-');
    const paths = [mine, dead, other, elsewhere, join(home, 'image')];
    for (const path of paths) await writeFile(path, '');
    expect(paths.map((path) => isDraft(basename(path)))).toEqual([true, true, true, true, false]);
    await sweepDrafts(home, join(home, 'image'));
    const left = [mine, elsewhere, other, join(home, 'image')].map((path) => basename(path));
    expect((await readdir(home)).toSorted()).toEqual(left.toSorted());
    await sweepDrafts(home);
    expect(await readdir(home)).not.toContain(basename(other));
    expect((await draftsIn(home)).map(({ state }) => state).toSorted()).toEqual(['elsewhere', 'running']);
  });
});
