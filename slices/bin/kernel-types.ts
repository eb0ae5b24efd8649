/**
 * Makes `slices/linux/generated/kernel-symbols.d.ts` from the pinned kernel's Kconfig files, when the one that is there is of
 * another kernel or format. The first time takes some 15 s, and fetches the kernel's source if the cache has none.
 */
import { open, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { linuxSource } from '../linux/source.ts';
import { cacheDirectory } from '../src/cache-directory.ts';
import { draftOf } from '../src/drafts.ts';
import { extractKconfig, KERNEL_ARCHITECTURES, readKconfigTrees } from '../src/kconfig/tree.ts';
import { kernelTypes, TYPES_FORMAT } from '../src/kconfig/types-file.ts';

const FILE = join(import.meta.dirname, '../linux/generated/kernel-symbols.d.ts');
const KEY = `kernel-symbols/${TYPES_FORMAT} ${linuxSource.upstream.sha256}`;

if (!(await beginsWith(FILE, `// ${KEY}\n`))) {
  process.stderr.write('kernel symbols: making their types\n');
  const tree = await extractKconfig(linuxSource, cacheDirectory());
  const text = kernelTypes(readKconfigTrees(tree, KERNEL_ARCHITECTURES), KEY);
  const draft = await draftOf(FILE);
  await mkdir(dirname(FILE), { recursive: true });
  await writeFile(draft, text);
  await rename(draft, FILE);
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
