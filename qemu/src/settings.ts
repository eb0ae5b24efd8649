/** What the person at the keyboard decides by environment variables. */
import { QemuError } from './errors.ts';

/** `tcg`, unless COCON_QEMU_ACCEL asks for `kvm`: a /dev/kvm that opens may still not work, so it is never guessed. */
export function accelerator(): 'tcg' | 'kvm' {
  const asked = process.env['COCON_QEMU_ACCEL'] ?? 'tcg';
  if (asked === 'tcg' || asked === 'kvm') return asked;
  throw new QemuError(
    'QEMU_BAD_OPTION',
    `Cannot use accelerator "${asked}" of COCON_QEMU_ACCEL: wanted tcg or kvm`,
  );
}

/**
 * A time limit in milliseconds, multiplied by COCON_TIMEOUT_FACTOR. Limits tell a hang from a slow machine and are
 * generous on purpose; nothing is ever measured with them.
 */
export function timeLimit(timeoutMs: number): number {
  const factor = Number(process.env['COCON_TIMEOUT_FACTOR'] ?? '1');
  if (Number.isFinite(factor) && factor > 0) return timeoutMs * factor;
  throw new QemuError('QEMU_BAD_OPTION', 'Cannot use COCON_TIMEOUT_FACTOR: wanted a number above 0');
}

/** Whether COCON_KEEP asks for temporary files to stay. */
export function keepsTemporaryFiles(): boolean {
  return (process.env['COCON_KEEP'] ?? '') !== '';
}
