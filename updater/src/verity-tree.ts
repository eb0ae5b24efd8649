/**
 * Checks a root file system against its dm-verity tree and signed root hash (FORMAT.md §6.1): version 1, SHA-256,
 * blocks of 4096 bytes, empty salt, levels from the root downwards. Builds nothing.
 */
import { BLOCK_SIZE, toHex, type Crypto } from '@cocon-os/sdfs';

const DIGEST_SIZE = 32;
const DIGESTS_PER_BLOCK = BLOCK_SIZE / DIGEST_SIZE;
const PIECE_BLOCKS = 256;

/** Fills `into` with the bytes from `offset`. */
export type ReadAt = (offset: number, into: Uint8Array) => void;

/** A root file system, its tree, and what release.json signs. */
export interface VerityInput {
  readonly dataBlocks: number;
  readonly readData: ReadAt;
  readonly treeBytes: number;
  readonly readTree: ReadAt;
  /** Hexadecimal. */
  readonly rootHash: string;
  readonly crypto: Crypto;
  /** Hears how many bytes of data have been read. */
  readonly onProgress: (done: number) => void;
}

/** The first thing that is wrong, or `undefined`. Reads every block of both once. */
export function findVerityFault(input: VerityInput): string | undefined {
  const levels = treeLevels(input.dataBlocks);
  const wantedBytes = levels.reduce((sum, level) => sum + level.blocks, 0) * BLOCK_SIZE;
  if (input.treeBytes !== wantedBytes) return `the tree has ${input.treeBytes} bytes, wanted ${wantedBytes}`;
  let children = { read: input.readData, blocks: input.dataBlocks, name: 'rootfs' };
  for (const [index, level] of levels.entries()) {
    const read: ReadAt = (offset, into) => input.readTree(level.firstBlock * BLOCK_SIZE + offset, into);
    const bad = firstDifference(children, read, input.crypto, index === 0 ? input.onProgress : () => {});
    if (bad !== undefined)
      return `block ${bad} of ${children.name} does not have the digest that the tree holds for it`;
    children = { read, blocks: level.blocks, name: `tree level ${index}` };
  }
  const root = new Uint8Array(BLOCK_SIZE);
  children.read(0, root);
  const found = digestOf(root, input.crypto);
  return toHex(found) === input.rootHash
    ? undefined
    : `the root hash is ${toHex(found)}, wanted ${input.rootHash}`;
}

interface TreeLevel {
  readonly blocks: number;
  /** Within the tree. */
  readonly firstBlock: number;
}

/** From the leaves' level to the root's, which is stored first. */
function treeLevels(dataBlocks: number): readonly TreeLevel[] {
  const sizes: number[] = [];
  for (let blocks = dataBlocks; blocks > 1;) {
    blocks = Math.ceil(blocks / DIGESTS_PER_BLOCK);
    sizes.push(blocks);
  }
  return sizes.map((blocks, index) => ({
    blocks,
    firstBlock: sizes.slice(index + 1).reduce((sum, above) => sum + above, 0),
  }));
}

interface Blocks {
  readonly read: ReadAt;
  readonly blocks: number;
}

/** Number of the first child whose digest differs from its parent's entry; entries past the last child are zero. */
function firstDifference(
  children: Blocks,
  readParent: ReadAt,
  crypto: Crypto,
  onProgress: (done: number) => void,
): number | undefined {
  const piece = new Uint8Array(PIECE_BLOCKS * BLOCK_SIZE);
  const parents = new Uint8Array((PIECE_BLOCKS / DIGESTS_PER_BLOCK) * BLOCK_SIZE);
  for (let first = 0; first < children.blocks; first += PIECE_BLOCKS) {
    const count = Math.min(PIECE_BLOCKS, children.blocks - first);
    const data = piece.subarray(0, count * BLOCK_SIZE);
    children.read(first * BLOCK_SIZE, data);
    const entries = parents.subarray(0, Math.ceil(count / DIGESTS_PER_BLOCK) * BLOCK_SIZE);
    readParent(first * DIGEST_SIZE, entries);
    for (let block = 0; block * DIGEST_SIZE < entries.length; block += 1) {
      const wanted = entries.subarray(block * DIGEST_SIZE, (block + 1) * DIGEST_SIZE);
      const found =
        block < count
          ? digestOf(data.subarray(block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE), crypto)
          : new Uint8Array(DIGEST_SIZE);
      if (!found.every((byte, index) => byte === wanted[index]))
        return Math.min(first + block, children.blocks - 1);
    }
    onProgress((first + count) * BLOCK_SIZE);
  }
  return undefined;
}

function digestOf(block: Uint8Array, crypto: Crypto): Uint8Array {
  const hash = crypto.createSha256();
  hash.update(block);
  return hash.digest();
}
