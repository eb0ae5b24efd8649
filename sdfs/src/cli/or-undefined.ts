/** Readers of what need not be there. */
import { isSdfsError } from '../errors.ts';

/** What `read` gives; `undefined` where it throws an `SdfsError`. */
export function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (thrown) {
    if (isSdfsError(thrown)) return undefined;
    throw thrown;
  }
}
