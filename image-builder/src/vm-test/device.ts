/** A machine that boots a release of ours, as far as tests talk to it: the healthy mark, then a shell on the console. */
import type { RunningMachine } from '@cocon-os/qemu';

import { BuilderError } from '../errors.ts';

const BOOT_TIMEOUT_MS = 300_000;
const PROMPT = 'cocon# ';
/** Where base-files' `confirm` notes the seconds from the kernel's start to the healthy mark, by the guest's own clock. */
const HEALTHY_NOTE = '/run/cocon/healthy';

/**
 * Waits through one boot until the health checks have passed. Throws `TEST_BOOT_FAILED`, and `QemuError` when it is said
 * neither that they did nor that they did not.
 */
export async function untilHealthy({ serial }: RunningMachine): Promise<void> {
  const found = await serial.expect(['cocon: healthy', 'cocon: unhealthy'], { timeoutMs: BOOT_TIMEOUT_MS });
  if (found.index === 0) return;
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

/** Seconds from the kernel's start to the healthy mark of a machine whose shell is open. */
export async function healthySeconds({ serial }: RunningMachine): Promise<number> {
  const { output } = await serial.run(`cat ${HEALTHY_NOTE}`);
  const seconds = Number.parseFloat(output);
  if (seconds > 0) return seconds;
  throw new BuilderError(
    'TEST_BOOT_FAILED',
    `Cannot tell when the machine was healthy: ${HEALTHY_NOTE} says "${output}"`,
    {
      hint: 'See whether base-files writes that note.',
    },
  );
}
