/** `withLock()` between processes, some of which are killed while they hold the lock. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { removeFreeLock } from '../src/lock.ts';
import { scratchDirectory } from './support.ts';

const PROGRAM = join(import.meta.dirname, 'lock-process.ts');
const ROUNDS = 60;
const LASTING = ['a', 'b', 'c', 'd'];
/** By name, the round in which they die inside. */
const DYING = { e: 10, f: 25, g: 40 };
/** A lock file of a process that has ended, from a time when a lock was its file's being there. */
const LEFT_BEHIND = '99999999.1';
/** Until all processes are there. */
const START_MS = 2000;

test('withLock() never lets two in, whatever was left behind and whoever is killed inside', async () => {
  const home = await scratchDirectory();
  for (let round = 0; round < ROUNDS; round += 1) await writeFile(join(home, `${round}.lock`), LEFT_BEHIND);
  const start = Date.now() + START_MS;
  const fight = async (name: string, last = ROUNDS): Promise<string | null> => {
    const child = spawn(
      process.execPath,
      [PROGRAM, home, name, String(ROUNDS), String(start), String(last)],
      { stdio: 'inherit' },
    );
    await once(child, 'close');
    return child.signalCode;
  };
  const ends = Promise.all(LASTING.map((name) => fight(name)));
  const deaths = Object.entries(DYING).map(([name, last]) => fight(name, last));
  expect(await Promise.all(deaths)).toEqual(deaths.map(() => 'SIGKILL'));
  expect(await ends).toEqual(LASTING.map(() => null));
  for (let round = 0; round < ROUNDS; round += 1) {
    const log = (await readFile(join(home, `${round}.log`), 'utf8')).trimEnd().split('\n');
    expect([round, ...togetherIn(log)]).toEqual([round]);
    const out = log.filter((line) => line.startsWith('out ')).map((line) => line.slice('out '.length));
    expect(out).toEqual(expect.arrayContaining(LASTING));
  }
  // Who dies last in a round leaves the file, and nothing holds it.
  const locks = async (): Promise<readonly string[]> =>
    (await readdir(home)).filter((name) => name.endsWith('.lock'));
  for (const name of await locks()) await removeFreeLock(join(home, name));
  expect(await locks()).toEqual([]);
});

/** Those that were inside when another one came in, but for those that died there. */
function togetherIn(log: readonly string[]): readonly string[] {
  const inside = new Set<string>();
  const together: string[] = [];
  for (const line of log) {
    const [word, name = ''] = line.split(' ');
    if (word === 'out') inside.delete(name);
    else {
      for (const other of inside) if (!(other in DYING)) together.push(`${other} with ${name}`);
      inside.add(name);
    }
  }
  return together;
}
