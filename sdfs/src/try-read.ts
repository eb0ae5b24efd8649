/** Reads of what need not be there. */
import type { BlockDevice } from './block-device.ts';
import { isSdfsError } from './errors.ts';

/** Fills `into`, or tells that it could not. */
export function tryRead(device: BlockDevice, offset: number, into: Uint8Array): boolean {
  if (offset < 0 || offset + into.length > device.sizeBytes) return false;
  try {
    device.read(offset, into);
    return true;
  } catch (thrown) {
    if (isSdfsError(thrown)) return false;
    throw thrown;
  }
}
