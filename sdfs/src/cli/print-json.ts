/** One JSON object on standard output. */
import type { Terminal } from '@cocon-os/cli';

/** Prints `value`. A bigint is a number where that is exact, else decimal text; bytes are left out. */
export function printJson(terminal: Terminal, value: unknown): void {
  const text = JSON.stringify(
    value,
    (_, each: unknown) => {
      if (each instanceof Uint8Array) return undefined;
      if (typeof each !== 'bigint') return each;
      return Number.isSafeInteger(Number(each)) ? Number(each) : String(each);
    },
    2,
  );
  terminal.out(`${text}\n`);
}
