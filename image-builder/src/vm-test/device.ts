/** A machine that boots a release of ours, as far as tests talk to it: the healthy mark, then a shell on the console. */
import type { RunningMachine } from '@cocon-os/qemu';

import { BuilderError } from '../errors.ts';

const BOOT_TIMEOUT_MS = 300_000;
const PROMPT = 'cocon# ';
/** What base-files' `confirm` says, in the seconds of the guest's own clock. */
const HEALTHY = /cocon: healthy, (\d+\.\d+) s after the kernel's start/;

/**
 * Waits through one boot until the health checks have passed. Returns the seconds from the kernel's start until then,
 * as /proc/uptime has them. Throws `TEST_BOOT_FAILED`, and `QemuError` when neither word comes.
 */
export async function untilHealthy(machine: RunningMachine): Promise<number> {
  const { serial } = machine;
  const found = await serial.expect([HEALTHY, 'cocon: unhealthy'], { timeoutMs: BOOT_TIMEOUT_MS });
  const seconds = Number(found.groups[0]);
  if (found.index === 0) return seconds;
  throw new BuilderError('TEST_BOOT_FAILED', `Cannot test: a health check failed\n${serial.lastLines()}`, {
    hint: 'The lines above are the last of the console; /etc/cocon/health.d holds the checks.',
  });
}

/** Gets the shell's attention. */
export async function openShell({ serial }: RunningMachine): Promise<void> {
  serial.send('\r');
  await serial.expect(PROMPT);
  // From here on the kernel's words stay out of what commands say.
  await serial.run('dmesg -n 1');
}
