/** Places in a cache in which something is about to be written. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

import { makeDirectory } from '../cache-directory.ts';
import { hasCode } from '../files.ts';
import { cannotWrite } from './store.ts';

/**
 * Makes a directory of the cache, if need be, and sees whether it can be written to, before anything is prepared for it.
 *
 * @throws SlicesError `CACHE_UNUSABLE`
 */
export async function writablePlace(directory: string): Promise<void> {
  try {
    makeDirectory(directory);
    await access(directory, constants.W_OK);
  } catch (cause) {
    throw hasCode(cause, ['EROFS', 'EACCES', 'EPERM']) ? cannotWrite(directory, cause) : cause;
  }
}
