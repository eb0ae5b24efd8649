/**
 * Fights for locks: `lock-process.ts <directory> <name> <rounds> <start> <last>`. Each round has a lock of its own, which all
 * that fight ask for at the same moment. Notes in `<round>.log` when it goes in and out; in the round `last` it dies inside.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { withLock } from '../src/lock.ts';

const BEAT_MS = 40;
/** Timers are late by less; what is left is waited for without sleep. */
const EARLY_MS = 2;
const INSIDE_MS = 3;

const [directory = '', name = '', rounds = '', start = '', last = ''] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round += 1) {
  const log = join(directory, `${round}.log`);
  const at = Number(start) + round * BEAT_MS;
  await sleep(Math.max(0, at - Date.now() - EARLY_MS));
  while (Date.now() < at);
  void withLock(
    join(directory, `${round}.lock`),
    () => {},
    async () => {
      appendFileSync(log, `in ${name}\n`);
      if (round === Number(last)) process.kill(process.pid, 'SIGKILL');
      await sleep(INSIDE_MS);
      appendFileSync(log, `out ${name}\n`);
    },
  );
}
