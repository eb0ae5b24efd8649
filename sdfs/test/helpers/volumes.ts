/** Volumes and expectations that several tests need. */
import {
  isSdfsError,
  MemoryDevice,
  mkfs,
  sha256Hex,
  Volume,
  type BlockDevice,
  type MkfsOptions,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

/** A small volume: erase groups of 16 blocks, four records in each ring. */
export function smallVolume(
  groups = 12,
  options: MkfsOptions = {},
): { readonly device: MemoryDevice; readonly volume: Volume } {
  const device = new MemoryDevice((groups * 16 + 1) * 4096);
  return {
    device,
    volume: mkfs(device, { slots: 3, groupBlocks: 16, ringRecords: 4, ...options }, nodeCrypto),
  };
}

/** SHA-256 of everything on a device. */
export function deviceDigest(device: BlockDevice): string {
  const bytes = new Uint8Array(device.sizeBytes);
  device.read(0, bytes);
  return sha256Hex(nodeCrypto, bytes);
}

/** The code of the error that `call` throws; "done" when it throws none. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (thrown) {
    if (isSdfsError(thrown)) return thrown.code;
    throw thrown;
  }
  return 'done';
}
