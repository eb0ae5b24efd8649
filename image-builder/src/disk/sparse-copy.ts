/** Copies a file into a place of another one and leaves out blocks of zeros, which are holes already. */
import { open } from 'node:fs/promises';

const BLOCK = 4096;
const PIECE = 256 * BLOCK;
const ZEROS = Buffer.alloc(BLOCK);

/** Copies all of `source` to `offset` of `target`, whose bytes there must be zero. */
export async function sparseCopy(source: string, target: string, offset: number): Promise<void> {
  const from = await open(source);
  const to = await open(target, 'r+');
  try {
    const piece = Buffer.alloc(PIECE);
    for (let at = 0; ;) {
      const { bytesRead } = await from.read(piece, 0, PIECE, at);
      if (bytesRead === 0) return;
      for (const run of dataRuns(piece.subarray(0, bytesRead))) {
        await to.write(piece, run.start, run.end - run.start, offset + at + run.start);
      }
      at += bytesRead;
    }
  } finally {
    await from.close();
    await to.close();
  }
}

function* dataRuns(bytes: Buffer): Generator<{ readonly start: number; readonly end: number }> {
  let start = -1;
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    const empty = block.equals(ZEROS.subarray(0, block.length));
    if (empty && start >= 0) {
      yield { start, end: at };
      start = -1;
    } else if (!empty && start < 0) {
      start = at;
    }
  }
  if (start >= 0) yield { start, end: bytes.length };
}
