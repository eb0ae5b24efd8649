/** How bytes are compressed, told by how they begin: where no media type says it. */
import { open } from 'node:fs/promises';

import { BLOCK, hasItsChecksum } from '../tar/header.ts';

/** What the beginnings below are of. */
export type StoredCompression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'lz4';

/** RFC 1952 §2.3.1, RFC 8878 §3.1.1, and the formats' own documents. */
const BEGINNINGS: readonly (readonly [StoredCompression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
];

/** How the file at `path` is compressed from byte `offset` on. A tar stream may begin like bzip2; its checksum decides. */
export async function storedCompression(path: string, offset = 0): Promise<StoredCompression> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BLOCK), 0, BLOCK, offset);
    const head = buffer.subarray(0, bytesRead);
    if (hasItsChecksum(head)) return 'none';
    return BEGINNINGS.find(([, bytes]) => bytes.every((byte, at) => head[at] === byte))?.[0] ?? 'none';
  } finally {
    await handle.close();
  }
}
