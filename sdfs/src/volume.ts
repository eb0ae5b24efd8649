/**
 * An open volume: its superblock, its current boot record, and the files of its slots.
 *
 * Reading only, but for {@link Volume.write}, through which every change of state goes.
 */
import type { BlockDevice } from './block-device.ts';
import { readDescriptor, type Descriptor, type SlotFile } from './descriptor.ts';
import { SdfsError } from './errors.ts';
import { readFileAt } from './file-blocks.ts';
import { LIMITS } from './format.ts';
import { RecordDraft, type Stamp } from './record-draft.ts';
import type { BootRecord, Slot } from './record.ts';
import { checkReleaseSize, parseRelease } from './release.ts';
import type { Release } from './release-schema.ts';
import { readCurrentRecord, scanRings, writeRecord, type RingBlock } from './ring.ts';
import { readSuperblock, type Superblock } from './superblock.ts';

/** A volume on a device. */
export class Volume {
  readonly device: BlockDevice;
  readonly superblock: Superblock;
  #record: BootRecord;

  private constructor(device: BlockDevice, superblock: Superblock, record: BootRecord) {
    this.device = device;
    this.superblock = superblock;
    this.#record = record;
  }

  /** Reads superblock and rings. Throws the codes of FORMAT.md §3.2 and `SDFS_NO_RECORD`. */
  static open(device: BlockDevice): Volume {
    const superblock = readSuperblock(device);
    return new Volume(device, superblock, readCurrentRecord(device, superblock));
  }

  /** The current boot record; another one after each change. */
  get record(): BootRecord {
    return this.#record;
  }

  /** Whether the format lets us write: version 1 defines no ro-compat bit, so any bit is unknown. */
  get writable(): boolean {
    return this.superblock.roCompat === 0;
  }

  /** Every block of both rings. */
  scanRings(): readonly RingBlock[] {
    return scanRings(this.device, this.superblock);
  }

  /** A slot's entry. Throws `SLOT_NOT_FOUND` for a number that the volume does not have. */
  slot(index: number): Slot {
    const slot = this.#record.slots[index];
    if (slot !== undefined) return slot;
    throw new SdfsError(
      'SLOT_NOT_FOUND',
      `Cannot find slot ${index} of "${this.device.name}": the volume has slots 0 to ${this.superblock.slotCount - 1}`,
    );
  }

  /** A slot's entry. Throws `SLOT_NOT_FOUND` when the slot is empty, too. */
  liveSlot(index: number): Slot {
    const slot = this.slot(index);
    if (slot.state !== 'empty') return slot;
    throw new SdfsError('SLOT_NOT_FOUND', `Cannot use slot ${index} of "${this.device.name}": it is empty`, {
      hint: `Slots in use: ${
        this.liveSlots()
          .map((each) => each.index)
          .join(', ') || 'none'
      }.`,
    });
  }

  /** The slots that hold something, by number. */
  liveSlots(): readonly Slot[] {
    return this.#record.slots.filter((slot) => slot.state !== 'empty');
  }

  /** A slot's files. Throws `SLOT_NOT_FOUND` and the codes of FORMAT.md §5.5. */
  descriptor(index: number): Descriptor {
    return readDescriptor(this.device, this.superblock, this.liveSlot(index));
  }

  /** A file of a slot. Throws what {@link descriptor} throws, and `FILE_NOT_FOUND`. */
  file(index: number, name: string): SlotFile {
    const { files } = this.descriptor(index);
    const file = files.find((each) => each.name === name);
    if (file !== undefined) return file;
    throw new SdfsError('FILE_NOT_FOUND', `Cannot find "${name}" in slot ${index} of "${this.device.name}"`, {
      hint: `The slot holds ${files.map((each) => each.name).join(', ')}.`,
    });
  }

  /** Fills `into` with the bytes of a file from `offset`. Throws `SDFS_IO`. */
  readFileAt(file: SlotFile, offset: number, into: Uint8Array): void {
    readFileAt(this.device, file, offset, into);
  }

  /** A file whole, as it lies on the device. Meant for release.json and release.sig; `limit` in bytes. */
  readFile(index: number, name: string, limit: number = LIMITS.MAX_RELEASE_JSON): Uint8Array {
    const file = this.file(index, name);
    if (file.size > limit) {
      throw new SdfsError(
        'SDFS_BAD_DESCRIPTOR',
        `Cannot read "${name}" of slot ${index} whole: it has ${file.size} bytes, the limit is ${limit}`,
      );
    }
    const bytes = new Uint8Array(file.size);
    this.readFileAt(file, 0, bytes);
    return bytes;
  }

  /** What a slot holds according to its release.json. Its signature is not looked at; `checkSlot` does that. */
  release(index: number): Release {
    checkReleaseSize(this.file(index, 'release.json').size);
    return parseRelease(this.readFile(index, 'release.json'));
  }

  /** Writes the next boot record (FORMAT.md §4.7). Throws `SDFS_READ_ONLY` or `SDFS_IO`. */
  write(edit: (draft: RecordDraft) => void, stamp: Stamp): void {
    this.checkWritable();
    const draft = RecordDraft.after(this.#record);
    edit(draft);
    this.#record = writeRecord(this.device, this.superblock, this.#record, draft, stamp);
  }

  /** Throws `SDFS_READ_ONLY` for a volume with an unknown ro-compat bit. */
  checkWritable(): void {
    if (this.writable) return;
    const bits = `0x${this.superblock.roCompat.toString(16)}`;
    throw new SdfsError(
      'SDFS_READ_ONLY',
      `Cannot write to volume "${this.device.name}": its ro-compat bits are ${bits}, expected 0x0`,
      {
        hint: 'The volume was made by a newer sdfs; use that.',
        facts: { actual: this.superblock.roCompat, expected: 0 },
      },
    );
  }
}
