/**
 * Disks with both partition tables that something happened to: fields of a header or an entry set to numbers at which
 * something changes, with the checksums put right or not, and the disk cut.
 */
import { crc32 } from 'node:zlib';

import { MemoryDevice, PARTITION_TYPE } from '@cocon-os/sdfs';
import { fc } from '@fast-check/vitest';

/** Sectors of the disk before anything happens to it. */
export const SECTORS = 64;
/** How many entries its tables have. */
const ENTRIES = 4;
const ENTRY_SIZE = 128;

/** Offsets in a header (UEFI 2.10 §5.3.2) and in an entry (§5.3.3), with sizes in bytes. */
export const HEADER = {
  signature: [0, 8],
  headerSize: [12, 4],
  crc: [16, 4],
  myLba: [24, 8],
  firstUsable: [40, 8],
  lastUsable: [48, 8],
  entriesLba: [72, 8],
  entryCount: [80, 4],
  entrySize: [84, 4],
  entriesCrc: [88, 4],
} as const;
export const ENTRY = { type: [0, 8], firstLba: [32, 8], lastLba: [40, 8] } as const;

/** One number at one place of one table: of its header, or of the entry with this index. */
export interface Edit {
  readonly table: 'primary' | 'backup';
  readonly field: readonly [offset: number, size: number];
  readonly entry?: number | undefined;
  readonly value: bigint;
}

/** What becomes of the disk. */
export interface DiskWish {
  readonly sectorSize: number;
  readonly edits: readonly Edit[];
  /** Whether the checksums are put right after the edits. */
  readonly sealed: boolean;
  /** Bytes that the disk loses at its end, or gains. */
  readonly lengthened: number;
}

/** The disk. */
export function diskOf({ sectorSize, edits, sealed, lengthened }: DiskWish): MemoryDevice {
  const bytes = new Uint8Array(SECTORS * sectorSize);
  const entrySectors = Math.ceil((ENTRIES * ENTRY_SIZE) / sectorSize);
  const places = { primary: [1, 2], backup: [SECTORS - 1, SECTORS - 1 - entrySectors] } as const;
  for (const [header, entries] of Object.values(places)) {
    const set = setter(bytes, header * sectorSize);
    bytes.set(new TextEncoder().encode('EFI PART'), header * sectorSize);
    set(HEADER.headerSize, 92n);
    set(HEADER.myLba, BigInt(header));
    set(HEADER.firstUsable, BigInt(2 + entrySectors));
    set(HEADER.lastUsable, BigInt(SECTORS - 2 - entrySectors));
    set(HEADER.entriesLba, BigInt(entries));
    set(HEADER.entryCount, BigInt(ENTRIES));
    set(HEADER.entrySize, BigInt(ENTRY_SIZE));
    [10, 20, 30].forEach((first, index) => {
      const at = entries * sectorSize + index * ENTRY_SIZE;
      bytes.set(gptGuid(PARTITION_TYPE), at);
      bytes[at + 16] = index + 1;
      setter(bytes, at)(ENTRY.firstLba, BigInt(first));
      setter(bytes, at)(ENTRY.lastLba, BigInt(first + 4));
    });
    seal(bytes, header, sectorSize);
  }
  for (const { table, field, entry, value } of edits) {
    const [header, entries] = places[table];
    const at = entry === undefined ? header * sectorSize : entries * sectorSize + entry * ENTRY_SIZE;
    setter(bytes, at)(field, value);
  }
  if (sealed) for (const [header] of Object.values(places)) seal(bytes, header, sectorSize);
  const device = new MemoryDevice(Math.max(0, bytes.length + lengthened));
  device.write(0, bytes.subarray(0, device.sizeBytes));
  return device;
}

/** Any disk of {@link DiskWish}. */
export const anyDisk = fc
  .record({
    sectorSize: fc.constantFrom(512, 4096),
    edits: fc.array(anyEdit(), { maxLength: 4 }),
    sealed: fc.boolean(),
    lengthened: fc.constantFrom(0, 0, 0, -1, 1, -512, 512, -4096, 4096, -30 * 512, -63 * 512),
  })
  .map(diskOf);

function anyEdit(): fc.Arbitrary<Edit> {
  const value = fc.oneof(
    fc.integer({ min: -2, max: 5 }).map(BigInt),
    fc.integer({ min: -3, max: 3 }).map((distance) => BigInt(SECTORS + distance)),
    fc.constantFrom(91n, 92n, 93n, 127n, 128n, 512n, 513n, 4096n, 4097n, 8192n, 8193n, 2n ** 32n, 2n ** 53n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  );
  const table = fc.constantFrom('primary', 'backup');
  return fc.oneof(
    fc.record({ table, field: fc.constantFrom(...Object.values(HEADER)), value }),
    fc.record({ table, field: fc.constantFrom(...Object.values(ENTRY)), entry: fc.nat(ENTRIES - 1), value }),
  );
}

/** Puts both checksums of a table right, as far as its header tells where the entries are. */
function seal(bytes: Uint8Array, header: number, sectorSize: number): void {
  const at = header * sectorSize;
  const view = new DataView(bytes.buffer, at, sectorSize);
  const number = ([offset]: readonly [number, number]): number => view.getUint32(offset, true);
  const entries = Number(view.getBigUint64(HEADER.entriesLba[0], true)) * sectorSize;
  const length = number(HEADER.entryCount) * number(HEADER.entrySize);
  if (entries + length <= bytes.length)
    view.setUint32(HEADER.entriesCrc[0], crc32(bytes.subarray(entries, entries + length)), true);
  view.setUint32(HEADER.crc[0], 0, true);
  const headerSize = Math.min(number(HEADER.headerSize), sectorSize);
  view.setUint32(HEADER.crc[0], crc32(bytes.subarray(at, at + headerSize)), true);
}

function setter(bytes: Uint8Array, at: number) {
  const view = new DataView(bytes.buffer, at);
  return ([offset, size]: readonly [number, number], value: bigint): void => {
    if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  };
}

/** As a GPT stores it: the first three groups with their bytes reversed. */
function gptGuid(uuid: string): Uint8Array {
  const [a = '', b = '', c = '', d = '', e = ''] = uuid.split('-');
  const bytes = (digits: string): number[] => [...Buffer.from(digits, 'hex')];
  return Uint8Array.from([
    ...bytes(a).toReversed(),
    ...bytes(b).toReversed(),
    ...bytes(c).toReversed(),
    ...bytes(d),
    ...bytes(e),
  ]);
}
