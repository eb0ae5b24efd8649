/** A machine does not outlive the process that started it, however that ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { describe, expect, test, vi } from 'vitest';

const MINUTES = 60_000;
const FIXTURE = join(import.meta.dirname, 'fixtures/start-and-wait.ts');

interface Started {
  readonly pid: number;
  readonly directory: string;
}

async function startAndKill(signal: NodeJS.Signals): Promise<Started> {
  const child = spawn(process.execPath, [FIXTURE], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
    return JSON.parse(line) as Started;
  }
  throw new Error('the machine did not start');
}

async function waitUntilGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(existsSync(`/proc/${String(pid)}`)).toBe(false), { timeout: MINUTES });
}

describe('startMachine()', { timeout: 5 * MINUTES }, () => {
  test('ends QEMU and removes its files when its process is asked to end', async () => {
    const { pid, directory } = await startAndKill('SIGTERM');
    await waitUntilGone(pid);
    expect(existsSync(directory)).toBe(false);
  });

  test('lets the hang-up end QEMU when its process is killed', async () => {
    const { pid, directory } = await startAndKill('SIGKILL');
    await waitUntilGone(pid);
    // Nobody was left to remove it.
    expect(existsSync(directory)).toBe(true);
    rmSync(directory, { recursive: true });
  });
});
