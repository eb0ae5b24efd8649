/** Peak memory of a program, by GNU time. */
import { join } from 'node:path';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { run, type Outcome } from './programs.ts';

/** Runs `command`; `peakKib` is the most that was resident at once. */
export async function measureMemory(
  command: readonly string[],
): Promise<Outcome & { readonly peakKib: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'cocon-memory-'));
  const report = join(folder, 'peak');
  try {
    const outcome = await run(['/usr/bin/time', '--quiet', '--format=%M', `--output=${report}`, ...command]);
    return { ...outcome, peakKib: Number(readFileSync(report, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
