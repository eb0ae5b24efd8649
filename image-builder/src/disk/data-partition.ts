/** The ext4 file system for data that outlives updates, empty and the same every time. */
import { truncate, writeFile } from 'node:fs/promises';

import { runTool } from '../run-tool.ts';
import type { UuidSource } from './uuid.ts';

/** How the running system finds it. At most 16 bytes. */
export const DATA_LABEL = 'cocon-data';

/** mke2fs takes zero for "not set". */
const FIXED_TIME = '1';

/** Makes the file system in a new file `output` of `sizeBytes`. */
export async function writeDataPartition(
  output: string,
  sizeBytes: number,
  uuids: UuidSource,
): Promise<void> {
  await writeFile(output, '');
  await truncate(output, sizeBytes);
  await runTool({
    program: 'mkfs.ext4',
    packageName: 'e2fsprogs',
    purpose: 'make the data partition',
    writes: output,
    environment: {
      E2FSPROGS_FAKE_TIME: FIXED_TIME,
      SOURCE_DATE_EPOCH: FIXED_TIME,
      MKE2FS_DETERMINISTIC: '1',
    },
    args: [
      '-q',
      '-F',
      '-L',
      DATA_LABEL,
      '-U',
      uuids.text('data'),
      '-M',
      '/',
      '-E',
      // Nothing is left to be initialized later, and the root belongs to root, whoever builds.
      `hash_seed=${uuids.text('data hash seed')},root_owner=0:0,nodiscard,lazy_itable_init=0,lazy_journal_init=0`,
      output,
    ],
  });
}
