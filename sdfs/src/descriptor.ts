/** The slot descriptor: a slot's files and where they lie (FORMAT.md §5). Immutable while a boot record names it. */
import type { BlockDevice } from './block-device.ts';
import { structureCrc } from './crc.ts';
import { SdfsError } from './errors.ts';
import {
  BLOCK_SIZE,
  DESCRIPTOR_HEADER,
  EXTENT_ENTRY,
  FILE_ENTRY,
  FILE_KINDS,
  LIMITS,
  MAGIC,
  type FileKind,
} from './format.ts';
import { fromHex, toHex } from './hex.ts';
import type { Slot } from './record.ts';
import { decode, encode } from './struct.ts';
import { holdsData, type Superblock } from './superblock.ts';

/** Blocks that follow each other on the device. */
export interface Extent {
  /** First block. */
  readonly start: number;
  /** Number of blocks, at least 1. */
  readonly blocks: number;
}

/** A file of a slot. */
export interface SlotFile {
  readonly kind: FileKind;
  /** That of its kind; `dtb/<name>` for a device tree. */
  readonly name: string;
  /** Bytes, at least 1. */
  readonly size: number;
  /** SHA-256 of its bytes, lower-case hexadecimal. Not signed: release.json says what it has to be. */
  readonly sha256: string;
  /** Where it lies, in the order of its bytes. */
  readonly extents: readonly Extent[];
}

/** A valid slot descriptor. */
export interface Descriptor {
  /** In the order of the table. */
  readonly files: readonly SlotFile[];
}

/** What ties a descriptor to the entry of its slot in the boot record. */
export interface DescriptorIdentity {
  readonly slot: number;
  readonly generation: bigint;
  readonly releaseDigest: string;
}

/** Reads the descriptor that the slot's entry names. Throws `SDFS_IO` and what {@link parseDescriptor} throws. */
export function readDescriptor(device: BlockDevice, superblock: Superblock, slot: Slot): Descriptor {
  const bytes = new Uint8Array(slot.descriptorBlocks * BLOCK_SIZE);
  device.read(slot.descriptorBlock * BLOCK_SIZE, bytes);
  return parseDescriptor(bytes, superblock, slot);
}

/** Checks all blocks of a descriptor in the order of FORMAT.md §5.5 and throws at the first fault. */
export function parseDescriptor(bytes: Uint8Array, superblock: Superblock, slot: Slot): Descriptor {
  const offset = slot.descriptorBlock * BLOCK_SIZE;
  const where = `descriptor of slot ${slot.index} at byte ${offset}`;
  const header = decode(DESCRIPTOR_HEADER, atLeast(DESCRIPTOR_HEADER.sizeBytes, bytes));
  const crc = structureCrc(bytes, DESCRIPTOR_HEADER.fields.crc);
  const checks = [
    ['SDFS_BAD_MAGIC', 'magic', header.magic, MAGIC.descriptor],
    ['SDFS_BAD_CHECKSUM', 'crc', header.crc, crc],
    ['SDFS_WRONG_VOLUME', 'volume_uuid', header.volumeUuid, superblock.volumeUuid],
    ['SDFS_DESCRIPTOR_MISMATCH', 'slot', header.slot, slot.index],
    ['SDFS_DESCRIPTOR_MISMATCH', 'generation', String(header.generation), String(slot.generation)],
    ['SDFS_DESCRIPTOR_MISMATCH', 'crc', header.crc, slot.descriptorCrc],
    ['SDFS_DESCRIPTOR_MISMATCH', 'release_digest', header.releaseDigest, slot.releaseDigest],
  ] as const;
  for (const [code, field, actual, expected] of checks) {
    if (actual !== expected) {
      throw new SdfsError(code, `Cannot read ${where}: ${field} is ${actual}, expected ${expected}`, {
        facts: { offset, field, expected, actual },
      });
    }
  }
  return parseTables(bytes, superblock, (fault) => {
    return new SdfsError('SDFS_BAD_DESCRIPTOR', `Cannot read ${where}: ${fault}`, {
      facts: { offset, fault },
    });
  });
}

/** The blocks of a descriptor, and their CRC. `undefined` when the tables do not fit into 4 blocks. */
export function encodeDescriptor(
  files: readonly SlotFile[],
  identity: DescriptorIdentity,
  volumeUuid: string,
): { readonly bytes: Uint8Array; readonly crc: number } | undefined {
  const extents = files.flatMap((file) => file.extents);
  const extentsAt = LIMITS.DESCRIPTOR_HEADER_SIZE + files.length * LIMITS.FILE_ENTRY_SIZE;
  const blocks = Math.ceil((extentsAt + extents.length * LIMITS.EXTENT_ENTRY_SIZE) / BLOCK_SIZE);
  if (blocks > LIMITS.MAX_DESCRIPTOR_BLOCKS) return undefined;

  const bytes = new Uint8Array(blocks * BLOCK_SIZE);
  encode(
    DESCRIPTOR_HEADER,
    {
      ...identity,
      magic: MAGIC.descriptor,
      volumeUuid,
      fileCount: files.length,
      extentCount: extents.length,
    },
    bytes,
  );
  let firstExtent = 0;
  for (const [index, file] of files.entries()) {
    encode(
      FILE_ENTRY,
      fileEntry(file, firstExtent),
      bytes,
      LIMITS.DESCRIPTOR_HEADER_SIZE + index * LIMITS.FILE_ENTRY_SIZE,
    );
    firstExtent += file.extents.length;
  }
  for (const [index, extent] of extents.entries()) {
    const entry = { start: BigInt(extent.start), blocks: extent.blocks };
    encode(EXTENT_ENTRY, entry, bytes, extentsAt + index * LIMITS.EXTENT_ENTRY_SIZE);
  }
  const crc = structureCrc(bytes, DESCRIPTOR_HEADER.fields.crc);
  encode(DESCRIPTOR_HEADER, { crc }, bytes);
  return { bytes, crc };
}

/** Whether a file of this kind can have this name (FORMAT.md §5.4, §5.5). */
export function isFileName(kind: FileKind, name: string): boolean {
  if (name.length > LIMITS.MAX_NAME_LENGTH || !NAME.test(name)) return false;
  return kind === 'dtb' ? name.startsWith('dtb/') && name.length > 4 : name === kind;
}

const NAME = /^[A-Za-z0-9._\-+,/]+$/;

/** How many files of each kind a slot has: least, most. `verity` comes with `rootfs`, device trees as one likes. */
const KIND_COUNTS = [
  ['release.json', 1, 1],
  ['release.sig', 1, 1],
  ['kernel', 1, 1],
  ['initrd', 0, 1],
  ['rootfs', 0, 1],
] as const;

function fileEntry(file: SlotFile, firstExtent: number) {
  const name = Uint8Array.from(file.name, (character) => character.charCodeAt(0));
  return {
    kind: FILE_KINDS.indexOf(file.kind),
    nameLength: name.length,
    firstExtent,
    extentCount: file.extents.length,
    size: BigInt(file.size),
    sha256: file.sha256,
    name: toHex(name),
  };
}

/** Bytes that were cut off are zero; the checksum will not hold for them. */
function atLeast(size: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= size) return bytes;
  const padded = new Uint8Array(size);
  padded.set(bytes);
  return padded;
}

type Refuse = (fault: string) => SdfsError;

function parseTables(bytes: Uint8Array, superblock: Superblock, refuse: Refuse): Descriptor {
  const { fileCount, extentCount } = decode(DESCRIPTOR_HEADER, bytes);
  if (fileCount < 1 || fileCount > LIMITS.MAX_FILES) {
    throw refuse(`file_count is ${fileCount}, expected 1 to ${LIMITS.MAX_FILES}`);
  }
  const extentsAt = LIMITS.DESCRIPTOR_HEADER_SIZE + fileCount * LIMITS.FILE_ENTRY_SIZE;
  const end = extentsAt + extentCount * LIMITS.EXTENT_ENTRY_SIZE;
  if (end > bytes.length)
    throw refuse(`header and tables take ${end} bytes, the descriptor has ${bytes.length}`);

  const extentTable = Array.from({ length: extentCount }, (_, index) =>
    decode(EXTENT_ENTRY, bytes, extentsAt + index * LIMITS.EXTENT_ENTRY_SIZE),
  );
  const files: SlotFile[] = [];
  for (let index = 0; index < fileCount; index += 1) {
    const entry = decode(FILE_ENTRY, bytes, LIMITS.DESCRIPTOR_HEADER_SIZE + index * LIMITS.FILE_ENTRY_SIZE);
    const refuseFile: Refuse = (fault) => refuse(`file ${index} ${fault}`);
    const { kind, name } = kindAndName(entry, refuseFile);
    if (files.some((other) => other.name === name))
      throw refuseFile(`has the name "${name}", which another one has`);
    const extents = extentsOf(entry, extentTable, superblock, refuseFile);
    const blocks = extents.reduce((sum, extent) => sum + extent.blocks, 0);
    const needed = (entry.size + BigInt(BLOCK_SIZE - 1)) / BigInt(BLOCK_SIZE);
    if (entry.size > BigInt(LIMITS.MAX_FILE_SIZE) || needed !== BigInt(blocks)) {
      throw refuseFile(`has ${entry.size} bytes and ${blocks} blocks`);
    }
    files.push({ kind, name, size: Number(entry.size), sha256: entry.sha256, extents });
  }
  checkKinds(files, refuse);
  return { files };
}

function kindAndName(
  entry: { readonly kind: number; readonly nameLength: number; readonly name: string },
  refuse: Refuse,
): { readonly kind: FileKind; readonly name: string } {
  const kind = FILE_KINDS[entry.kind];
  if (kind === undefined || kind === '') throw refuse(`is of the unknown kind ${entry.kind}`);
  if (entry.nameLength < 1 || entry.nameLength > LIMITS.MAX_NAME_LENGTH) {
    throw refuse(`has a name_length of ${entry.nameLength}, expected 1 to ${LIMITS.MAX_NAME_LENGTH}`);
  }
  const name = String.fromCharCode(...fromHex(entry.name.slice(0, entry.nameLength * 2)));
  if (!isFileName(kind, name)) throw refuse(`is of kind ${kind} and has a name that cannot be`);
  return { kind, name };
}

function extentsOf(
  entry: { readonly firstExtent: number; readonly extentCount: number },
  table: readonly { readonly start: bigint; readonly blocks: number }[],
  superblock: Superblock,
  refuse: Refuse,
): readonly Extent[] {
  const { firstExtent, extentCount } = entry;
  if (extentCount < 1 || extentCount > LIMITS.MAX_EXTENTS_PER_FILE) {
    throw refuse(`has ${extentCount} extents, expected 1 to ${LIMITS.MAX_EXTENTS_PER_FILE}`);
  }
  if (firstExtent + extentCount > table.length) {
    throw refuse(
      `has extents ${firstExtent} to ${firstExtent + extentCount - 1}, the table has ${table.length}`,
    );
  }
  return table.slice(firstExtent, firstExtent + extentCount).map(({ start, blocks }) => {
    if (blocks === 0 || !holdsData(superblock, start, blocks)) {
      throw refuse(
        `has an extent of ${blocks} blocks at block ${start}, expected inside ${superblock.dataStart} to ${superblock.dataEnd}`,
      );
    }
    return { start: Number(start), blocks };
  });
}

function checkKinds(files: readonly SlotFile[], refuse: Refuse): void {
  const count = (kind: FileKind): number => files.filter((file) => file.kind === kind).length;
  for (const [kind, least, most] of [...KIND_COUNTS, ['verity', count('rootfs'), count('rootfs')] as const]) {
    if (count(kind) < least || count(kind) > most) throw refuse(`${count(kind)} files are of kind ${kind}`);
  }
}
