/** Whether each blob of a store has the bytes that its name says. */
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import { hasCode, sha256OfFile } from '../files.ts';
import { filesIn, type Findings } from './fsck-places.ts';
import type { Store } from './store.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/** Reads them all. */
export async function checkBlobs(
  store: Store,
  findings: Findings,
): Promise<{ readonly blobs: number; readonly bytes: number }> {
  let [blobs, bytes] = [0, 0];
  for (const { name, path, size } of await filesIn(join(store.directory, 'blobs/sha256'), SHA256, findings)) {
    blobs += 1;
    bytes += size;
    try {
      const found = await sha256OfFile(path);
      if (found !== name) findings.add('blob damaged', path, `its SHA-256 is ${found}`);
    } catch (error) {
      if (!hasCode(error, ['ENOENT'])) findings.add('unreadable', path, messageOf(error));
    }
  }
  return { blobs, bytes };
}
