/** Makes a volume (FORMAT.md §8). Asks nothing: whoever calls it has made sure that nothing of worth is on the device. */
import type { BlockDevice, Crypto } from './block-device.ts';
import { SdfsError } from './errors.ts';
import { BLOCK_SIZE, SUPERBLOCK } from './format.ts';
import { DEFAULT_GEOMETRY, planGeometry, type GeometryOptions } from './geometry.ts';
import { isUuid, toUuid } from './hex.ts';
import { RecordDraft } from './record-draft.ts';
import { writeAt } from './ring.ts';
import { encodeSuperblock, type Superblock, type SuperblockCopy } from './superblock.ts';
import { utf8Length } from './utf8.ts';
import { Volume } from './volume.ts';

/** What one may choose. */
export interface MkfsOptions extends Partial<GeometryOptions> {
  /** At most 32 bytes of UTF-8. */
  readonly label?: string;
  /** Drawn at random where it is not given. */
  readonly uuid?: string;
  /** Sequence of the first record, 1 where it is not given. */
  readonly sequence?: bigint;
  /** Unix seconds for the first record; 0 = not known. */
  readonly time?: number;
}

/**
 * Makes a volume that fills the device, and opens it. Throws `SDFS_TOO_SMALL`, `SDFS_BAD_GEOMETRY`, `SDFS_IO` or
 * `SDFS_READ_ONLY`; the first two before anything has been written.
 */
export function mkfs(device: BlockDevice, options: MkfsOptions, crypto: Crypto): Volume {
  const superblock = planVolume(device.sizeBytes, options, crypto);
  const lastBlock = superblock.totalBlocks - 1;
  // The device may be larger than the format allows, or end in half a block; its reader looks into its last block.
  const deviceBlocks = Math.floor(device.sizeBytes / BLOCK_SIZE);

  for (const block of new Set([0, lastBlock, deviceBlocks - 1])) zero(device, block, 1);
  device.flush();
  for (const ring of superblock.ringBlocks) zero(device, ring, superblock.ringRecords);
  device.flush();
  const first = RecordDraft.first(superblock.volumeUuid);
  writeAt(device, superblock, first, options.sequence ?? 1n, { writer: 'mkfs', time: options.time ?? 0 });
  for (const copy of ['B', 'A'] satisfies SuperblockCopy[]) {
    device.write((copy === 'A' ? 0 : lastBlock) * BLOCK_SIZE, encodeSuperblock(superblock, copy));
    device.flush();
  }
  return Volume.open(device);
}

/** The superblock that {@link mkfs} would write to a device of `sizeBytes`. Throws what that throws before it writes. */
export function planVolume(sizeBytes: number, options: MkfsOptions, crypto: Crypto): Superblock {
  const { label = '', uuid = randomUuid(crypto), ...wishes } = options;
  const geometry = planGeometry(sizeBytes, { ...DEFAULT_GEOMETRY, ...wishes });
  const labelBytes = utf8Length(label);
  if (labelBytes > SUPERBLOCK.fields.label.size) {
    throw badOption(
      'label',
      `"${label}" (${labelBytes} bytes)`,
      `at most ${SUPERBLOCK.fields.label.size} bytes`,
    );
  }
  if (!isUuid(uuid)) throw badOption('uuid', `"${uuid}"`, 'a UUID in lower case');
  const sequence = options.sequence ?? 1n;
  if (BigInt.asUintN(64, sequence) !== sequence)
    throw badOption('sequence', String(sequence), '0 to 2^64 - 1');
  return { ...geometry, label, volumeUuid: uuid, compat: 0, roCompat: 0, copy: 0 };
}

function zero(device: BlockDevice, block: number, blocks: number): void {
  device.write(block * BLOCK_SIZE, new Uint8Array(blocks * BLOCK_SIZE));
}

/** A UUID of version 4 (RFC 9562 §5.4). */
function randomUuid(crypto: Crypto): string {
  const bytes = crypto.randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return toUuid(bytes);
}

function badOption(name: string, actual: string, expected: string): SdfsError {
  return new SdfsError(
    'SDFS_BAD_GEOMETRY',
    `Cannot make a volume: ${name} is ${actual}, expected ${expected}`,
    {
      facts: { field: name, actual, expected },
    },
  );
}
