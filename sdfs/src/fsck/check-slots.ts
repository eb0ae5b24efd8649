/** The slots: descriptors, files and what they share (FORMAT.md §2, §4.3, §5, §6). */
import type { Progress } from '@cocon-os/cli';

import type { Crypto } from '../block-device.ts';
import { checkSlot } from '../check-slot.ts';
import type { Extent, SlotFile } from '../descriptor.ts';
import { isSdfsError, type SdfsError } from '../errors.ts';
import { BLOCK_SIZE, LIMITS } from '../format.ts';
import { slotEntryOffset, type Slot } from '../record.ts';
import { bootOrder } from '../target-slot.ts';
import type { Volume } from '../volume.ts';
import type { Finding } from './finding.ts';

interface Options {
  readonly crypto: Crypto;
  readonly deep: boolean;
  readonly progress: Progress;
}

/** A slot whose descriptor could be read. */
interface ReadSlot {
  readonly slot: Slot;
  readonly files: readonly SlotFile[];
}

/** What there is to say about the slots. */
export function checkSlots(volume: Volume, options: Options): readonly Finding[] {
  const results = volume.liveSlots().map((slot) => checkOne(volume, slot, options));
  const readable = results.flatMap(({ read }) => (read === undefined ? [] : [read]));
  return [
    ...results.flatMap(({ findings }) => findings),
    ...readable.flatMap(overlapsWithin),
    ...descriptorsOverwritten(readable),
    ...generationsTwice(volume.liveSlots()),
    ...entriesBeyondCount(volume),
    ...nothingToStart(volume),
  ];
}

function checkOne(
  volume: Volume,
  slot: Slot,
  options: Options,
): { readonly findings: readonly Finding[]; readonly read?: ReadSlot } {
  try {
    const read = { slot, files: volume.descriptor(slot.index).files };
    return { read, findings: releaseFindings(volume, slot, options) };
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    return { findings: [slotFinding('DESCRIPTOR_UNUSABLE', slot, thrown)] };
  }
}

function releaseFindings(volume: Volume, slot: Slot, options: Options): readonly Finding[] {
  try {
    checkSlot(volume, slot.index, options);
    return [];
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    return [
      slotFinding(isSdfsError(thrown, 'FILE_BAD_HASH') ? 'FILE_DAMAGED' : 'RELEASE_UNUSABLE', slot, thrown),
    ];
  }
}

/** A fault of a slot that will not boot again anyway is no more than good to know. */
function slotFinding(
  code: 'DESCRIPTOR_UNUSABLE' | 'FILE_DAMAGED' | 'RELEASE_UNUSABLE',
  slot: Slot,
  error: SdfsError,
): Finding {
  const gone = slot.state === 'failed' && !slot.wasConfirmed;
  return {
    code,
    severity: gone ? 'note' : 'error',
    place: `slot ${slot.index}`,
    message: `${error.message} [${error.code}]`,
    hint: gone
      ? 'The slot has failed and is filled anew by the next stage.'
      : 'Stage the release again; the loader will pass this slot over.',
  };
}

/** No two pieces of one slot may share a block; several slots may, if it is the same bytes they mean. */
function overlapsWithin({ slot, files }: ReadSlot): readonly Finding[] {
  const pieces = piecesOf({ slot, files }).toSorted((a, b) => a.extent.start - b.extent.start);
  return pieces.flatMap((piece, index) => {
    const before = pieces[index - 1];
    if (before === undefined || before.extent.start + before.extent.blocks <= piece.extent.start) return [];
    return [
      {
        code: 'EXTENT_OVERLAP',
        severity: 'error',
        place: `slot ${slot.index} ${piece.name}`,
        message: `it shares block ${piece.extent.start} with ${before.name} of the same slot`,
        hint: 'Stage the release again.',
      },
    ] as const;
  });
}

/** A descriptor is its slot's own; a file of another slot may not lie over it. */
function descriptorsOverwritten(slots: readonly ReadSlot[]): readonly Finding[] {
  return slots.flatMap(({ slot }) => {
    const own = { start: slot.descriptorBlock, blocks: slot.descriptorBlocks };
    const others = slots.filter((other) => other.slot.index !== slot.index).flatMap(piecesOf);
    return others
      .filter(
        ({ extent }) => extent.start < own.start + own.blocks && own.start < extent.start + extent.blocks,
      )
      .map(({ name, slotIndex }) => ({
        code: 'DESCRIPTOR_OVERLAP' as const,
        severity: 'error' as const,
        place: `slot ${slot.index} descriptor`,
        message: `${name} of slot ${slotIndex} lies over the descriptor at byte ${own.start * BLOCK_SIZE}`,
        hint: 'Stage both releases again.',
      }));
  });
}

function piecesOf({
  slot,
  files,
}: ReadSlot): readonly { readonly slotIndex: number; readonly name: string; readonly extent: Extent }[] {
  return [
    {
      slotIndex: slot.index,
      name: 'descriptor',
      extent: { start: slot.descriptorBlock, blocks: slot.descriptorBlocks },
    },
    ...files.flatMap((file) =>
      file.extents.map((extent) => ({ slotIndex: slot.index, name: file.name, extent })),
    ),
  ];
}

function generationsTwice(slots: readonly Slot[]): readonly Finding[] {
  return slots.flatMap((slot) => {
    const twin = slots.find((other) => other.index < slot.index && other.generation === slot.generation);
    if (twin === undefined) return [];
    return [
      {
        code: 'GENERATION_TWICE',
        severity: 'warning',
        place: `slot ${slot.index}`,
        message: `generation ${slot.generation} is that of slot ${twin.index} too`,
        hint: 'The volume was written by something else than this slot manager.',
      },
    ] as const;
  });
}

function entriesBeyondCount({ record, superblock }: Volume): readonly Finding[] {
  const rest = record.bytes.subarray(slotEntryOffset(superblock.slotCount), LIMITS.FAILURE_ENTRY_OFFSET);
  if (rest.every((byte) => byte === 0)) return [];
  return [
    {
      code: 'SLOT_BEYOND_COUNT',
      severity: 'note',
      place: 'boot record',
      message: `entries from slot ${superblock.slotCount} on are not zero; they are ignored`,
      hint: null,
    },
  ];
}

function nothingToStart(volume: Volume): readonly Finding[] {
  const { record } = volume;
  if (volume.liveSlots().length === 0 || bootOrder(record, volume).length > 0) return [];
  const lastResort = record.slots.some((slot) => slot.state === 'failed' && slot.wasConfirmed);
  return [
    {
      code: 'NOTHING_TO_START',
      severity: lastResort ? 'warning' : 'error',
      place: 'volume',
      message: lastResort
        ? 'every slot has failed; the loader will try those once more that were confirmed'
        : 'no slot can be started; the loader will return to the firmware',
      hint: 'Stage a release.',
    },
  ];
}
