/** What the Rust reader makes of an input, in the shape of `test/vectors/plain.ts`, so that both can be compared. */
import {
  type BlockDevice as NativeDevice,
  type DescriptorView,
  type Failure,
  type RecordView,
  parseDescriptor,
  parseRecord,
  parseSuperblock,
  readVolume,
  verifyRelease,
} from '@cocon-os/native';
import type { BlockDevice } from '@cocon-os/sdfs';

/** A value, or the code of the error. */
export type Outcome = { readonly value: unknown } | { readonly error: string };

/** One copy of a superblock. */
export function rustSuperblock(bytes: Uint8Array, copy: 'A' | 'B', deviceBlocks: number): Outcome {
  return outcome(parseSuperblock(bytes, copy, deviceBlocks), (view) => view);
}

/** A boot record that was read from `block`. */
export function rustRecord(bytes: Uint8Array, block: number, superblock: Uint8Array): Outcome {
  return outcome(parseRecord(bytes, block, superblock), plainRecordView);
}

/** The descriptor of a slot of `record`. */
export function rustDescriptor(
  bytes: Uint8Array,
  slot: number,
  record: Uint8Array,
  superblock: Uint8Array,
): Outcome {
  return outcome(parseDescriptor(bytes, slot, record, superblock), (view) => view);
}

/** release.json under release.sig. */
export function rustRelease(
  json: Uint8Array,
  signatures: Uint8Array,
  trustedKeys: readonly Uint8Array[],
): Outcome {
  return outcome(verifyRelease(json, signatures, [...trustedKeys]), (view) => view);
}

/** A whole volume. */
export function rustVolume(device: BlockDevice): Outcome {
  return outcome(readVolume(nativeDevice(device)), (view) => ({
    superblock: view.superblock,
    record: plainRecordView(view.record),
    descriptors: view.descriptors.map((each) =>
      each === null || each === undefined ? null : descriptorOrError(each),
    ),
  }));
}

/** A device of ours as the addon wants it. */
export function nativeDevice(device: BlockDevice, writable = true): NativeDevice {
  return {
    sizeBytes: device.sizeBytes,
    writable,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      device.read(offset, bytes);
      return bytes;
    },
    write: (offset, bytes) => device.write(offset, bytes),
    flush: () => device.flush(),
  };
}

function outcome<View extends object>(result: View | Failure, plain: (view: View) => unknown): Outcome {
  return isFailure(result) ? { error: result.error } : { value: plain(result) };
}

function isFailure(result: object): result is Failure {
  return 'error' in result;
}

function descriptorOrError(result: DescriptorView | Failure): unknown {
  return isFailure(result) ? { error: result.error } : result;
}

function plainRecordView(view: RecordView) {
  return {
    sequence: String(view.sequence),
    floor: String(view.floor),
    time: String(view.time),
    writer: view.writer,
    slots: view.slots.map((slot) => ({
      ...(slot.state === 'empty' ? { state: slot.state } : slot),
      generation: String(slot.generation),
    })),
    failures: view.failures.map((failure) => ({ ...failure, generation: String(failure.generation) })),
    outputs: view.outputs.map((each) => ({ ...each, generation: String(each.generation) })),
  };
}
