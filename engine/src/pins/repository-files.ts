/** Writes the pins of the repository, where `pins.ts` reads them. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { REPOSITORY } from '../define/location.ts';
import { draftOf } from '../drafts.ts';
import { outputFailed } from '../output-file.ts';
import type { Pins } from './pin.ts';

/** Relative to the repository. */
export const PIN_FILES = { sources: 'slices/pins.json', toolchain: 'engine/toolchain/lock.json' } as const;

/** Each appears by rename. Throws `OUTPUT_FAILED`, `DISK_FULL`. */
export async function writeRepositoryPins(
  { sources, toolchain }: Pins,
  directory: string = REPOSITORY,
): Promise<void> {
  await replace(join(directory, PIN_FILES.sources), { sources });
  await replace(join(directory, PIN_FILES.toolchain), toolchain);
}

async function replace(path: string, value: unknown): Promise<void> {
  const draft = await draftOf(path);
  try {
    await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`);
    await rename(draft, path);
  } catch (cause) {
    throw outputFailed(path, cause);
  } finally {
    await rm(draft, { force: true });
  }
}
