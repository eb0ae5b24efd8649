/** Slots and their files, where one that cannot be read does not hide the others. */
import type { SlotFile } from '../descriptor.ts';
import { isSdfsError, type SdfsError } from '../errors.ts';
import type { Volume } from '../volume.ts';

/** A slot's files, or why they cannot be told. */
export interface ListedSlot {
  readonly slot: number;
  readonly files: readonly SlotFile[];
  readonly error?: SdfsError;
}

/** Every slot in use. */
export function listedSlots(volume: Volume): readonly ListedSlot[] {
  return volume.liveSlots().map(({ index: slot }) => {
    try {
      return { slot, files: volume.descriptor(slot).files };
    } catch (thrown) {
      if (isSdfsError(thrown)) return { slot, files: [], error: thrown };
      throw thrown;
    }
  });
}

/** As it stands under `--json`. */
export function slotForJson({ slot, files, error }: ListedSlot) {
  return error === undefined ? { slot, files } : { slot, error: error.code };
}
