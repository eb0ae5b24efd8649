/** Numbers on a command line. */
import { UsageError } from '@cocon-os/cli';

/** A whole number above 0. Throws a `UsageError` that names the option. */
export function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`Cannot take "${text}" for --${option}: it is a whole number above 0`);
}
