/** Copies what the pins name into a directory, for a machine without a mirror or a build in years to come. */
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { exists, sha256OfFile } from '../files.ts';
import { outputFailed } from '../output-file.ts';
import { gather, missingError } from '../sources/gather.ts';
import { debNames, type Wanted } from '../sources/wanted.ts';

/** What an export came to. */
export interface PinExport {
  readonly directory: string;
  readonly files: number;
}

/** Says which file is which. */
const INDEX = 'pins.txt';

/**
 * Puts the files into `directory`, each named by its SHA-256 as in the cache, beside `pins.txt`, which has a line of hash, package,
 * version and name for each. What is missing in the cache is fetched before; what is there already is looked at and kept.
 *
 * @throws SlicesError what {@link missingError} gives, `SOURCE_BAD_HASH`, `OUTPUT_FAILED`, `DISK_FULL`
 */
export async function exportPins(
  wanted: readonly Wanted[],
  directory: string,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<PinExport> {
  const missing = await gather(wanted, cache, onLine);
  if (missing.length > 0) throw missingError(missing, cache);
  const files = new Map<string, string>();
  try {
    await mkdir(directory, { recursive: true });
    for (const { name, version, files: own } of wanted) {
      for (const file of own) {
        const { sha256 } = file;
        const [shown = ''] = debNames(file.name);
        files.set(sha256, `${sha256}  ${name} ${version} ${shown}\n`);
        await copyOnce(join(cache.sources, sha256), join(directory, sha256), sha256);
        onLine(`${name} ${version}`);
      }
    }
    await writeFile(join(directory, INDEX), [...files.values()].join(''));
  } catch (cause) {
    throw outputFailed(directory, cause);
  }
  return { directory, files: files.size };
}

async function copyOnce(from: string, to: string, sha256: string): Promise<void> {
  if ((await exists(to)) && (await sha256OfFile(to)) === sha256) return;
  const draft = await draftOf(to);
  try {
    await copyFile(from, draft);
    if ((await sha256OfFile(draft)) !== sha256) throw new Error(`${from} is not what it is called`);
    await rename(draft, to);
  } finally {
    await rm(draft, { force: true });
  }
}
