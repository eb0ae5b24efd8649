/** The Kconfig files of a source tree: read where they lie, or taken out of the pinned source into the cache. */
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { exists } from '../files.ts';
import { runProcess } from '../run-process.ts';
import type { DebianSource } from '../sources/debian-source.ts';
import { fetchSource } from '../sources/fetch-source.ts';
import type { KconfigModel } from './model.ts';
import { parseKconfig } from './parse.ts';

/** `SRCARCH` of the architectures of devices, as `TARGET_NAMES` has them. */
export const KERNEL_ARCHITECTURES = ['x86', 'arm64', 'riscv', 'arm'] as const;

/** Raised when what {@link extractKconfig} takes out changes. */
const EXTRACTOR = 1;

/**
 * The model of an unpacked source tree. Linux takes 0.3 s.
 *
 * @throws SlicesError `KCONFIG_INVALID`, `KCONFIG_NOT_FOUND`
 */
export function readKconfigTree(directory: string, architecture: string): KconfigModel {
  return (
    readKconfigTrees(directory, [architecture])[0] ?? parseKconfig({ read: () => undefined, architecture })
  );
}

/** One model for each architecture; files that they share are read once. */
export function readKconfigTrees(
  directory: string,
  architectures: readonly string[],
): readonly KconfigModel[] {
  const texts = new Map<string, string | undefined>();
  const read = (path: string): string | undefined => {
    if (!texts.has(path)) texts.set(path, textAt(join(directory, path)));
    return texts.get(path);
  };
  return architectures.map((architecture) => parseKconfig({ read, architecture }));
}

/**
 * The directory in the cache that holds only the Kconfig files of a source. It takes 10 s of one processor the first time,
 * to decompress the kernel.
 *
 * @throws SlicesError as `fetchSource()` does; `KCONFIG_NOT_FOUND` when tar cannot take them out
 */
export async function extractKconfig(
  source: DebianSource,
  cache: CacheDirectory,
  onLine: (line: string) => void = () => {},
): Promise<string> {
  const home = homeOf(source.upstream.sha256, cache);
  if (await exists(home)) return home;
  const archive = (await fetchSource(source, cache, onLine)).get(source.upstream.name) ?? '';
  const draft = await draftOf(home);
  await mkdir(draft, { recursive: true });
  try {
    const options = ['--strip-components=1', '--wildcards', '--exclude=*/scripts/kconfig/*'];
    const result = await runProcess('tar', ['-xf', archive, '-C', draft, ...options, '*/Kconfig*'], {
      onLine,
    });
    if (result.status !== 0) {
      throw new SlicesError(
        'KCONFIG_NOT_FOUND',
        `Cannot take the Kconfig files out of ${source.upstream.name}: tar ended with ${result.status}\n${result.tail.join('\n')}`,
        { hint: 'The disk may be full, or the archive may hold none.' },
      );
    }
    // Another process may have been faster; then its copy is the same and stays.
    await rename(draft, home).catch(async (error: unknown) => {
      if (!(await exists(home))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return home;
}

/** What {@link extractKconfig} has made of the source with this SHA-256 before; nothing is fetched. */
export async function extractedKconfig(sha256: string, cache: CacheDirectory): Promise<string | undefined> {
  const home = homeOf(sha256, cache);
  return (await exists(home)) ? home : undefined;
}

function homeOf(sha256: string, cache: CacheDirectory): string {
  return join(cache.root, 'kconfig', `${sha256}-${EXTRACTOR}`);
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR')) {
      return undefined;
    }
    throw error;
  }
}
