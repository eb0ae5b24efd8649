/** Keeps the declaration of the kernel's symbols up to date with the pinned source. */
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { presence } from '../engine/presence.ts';
import type { DebianSource } from '../sources/debian-source.ts';

/** Raised when the text of the file changes for the same kernel. */
const FORMAT = 2;

/** What a call may be told. */
export interface GenerateOptions {
  /** The declaration's path. */
  readonly file: string;
  readonly source: DebianSource;
  readonly cache: CacheDirectory;
  /** Called once when there is work. */
  readonly onStart: () => void;
}

/**
 * Writes the declaration of `types-file.ts` unless the one that is there is of this source. It appears by rename. The first time
 * for a kernel takes some 15 s, and fetches the source if the cache has none; up to date, it reads one line.
 *
 * @throws SlicesError as `extractKconfig()` and `readKconfigTrees()` do
 */
export async function generateKernelTypes(options: GenerateOptions): Promise<void> {
  const { file, source, cache, onStart } = options;
  if (await kernelTypesAreCurrent(file, source)) return;
  onStart();
  using _ = await presence(cache);
  const { extractKconfig, KERNEL_ARCHITECTURES, readKconfigTrees } = await import('./tree.ts');
  const { kernelTypes } = await import('./types-file.ts');
  const tree = await extractKconfig(source, cache);
  const draft = await draftOf(file);
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(draft, kernelTypes(readKconfigTrees(tree, KERNEL_ARCHITECTURES), keyOf(source)));
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether the declaration that is there is of this source. */
export async function kernelTypesAreCurrent(file: string, source: DebianSource): Promise<boolean> {
  return await beginsWith(file, `// ${keyOf(source)}\n`);
}

function keyOf(source: DebianSource): string {
  return `kernel-symbols/${FORMAT} ${source.upstream.sha256}`;
}

async function beginsWith(path: string, start: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(Buffer.byteLength(start)),
      position: 0,
    });
    return buffer.toString('utf8', 0, bytesRead) === start;
  } finally {
    await file.close();
  }
}
