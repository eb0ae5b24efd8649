/** Reads a slot whole and compares it with what was signed: signature, file list, hashes, verity tree. */
import {
  BLOCK_SIZE,
  hashFile,
  isSdfsError,
  matchFiles,
  openRelease,
  type Crypto,
  type Slot,
  type SlotFile,
  type Volume,
} from '@cocon-os/sdfs';

import { findVerityFault } from './verity-tree.ts';

/** What was found in one slot; `faults` is empty when all is well. */
export interface SlotFindings {
  readonly slot: number;
  readonly state: Slot['state'];
  readonly digest: string;
  readonly bytes: number;
  readonly faults: readonly { readonly code: string; readonly message: string }[];
}

/** What `verifySlot` needs besides the volume. */
export interface VerifyOptions {
  readonly crypto: Crypto;
  readonly trustedKeys: readonly Uint8Array[];
  /** Hears of bytes read of the slot's files. */
  readonly onBytes: (bytes: number) => void;
}

/** Checks what a loader checks and, beyond that, every block of the root file system. Changes nothing. */
export function verifySlot(volume: Volume, slot: Slot, options: VerifyOptions): SlotFindings {
  const faults: { code: string; message: string }[] = [];
  let files: readonly SlotFile[] = [];
  try {
    ({ files } = volume.descriptor(slot.index));
    const signed = openRelease(
      volume.readFile(slot.index, 'release.json'),
      volume.readFile(slot.index, 'release.sig'),
      options.trustedKeys,
      options.crypto,
    );
    if (signed.digest !== slot.releaseDigest) {
      faults.push({ code: 'RELEASE_INVALID', message: `release.json has digest ${signed.digest}, wanted ${slot.releaseDigest}` });
    }
    matchFiles(signed.release, files);
    for (const file of files) {
      const found = hashFile(volume.device, file, options.crypto, options.onBytes);
      if (found === file.sha256) continue;
      faults.push({ code: 'FILE_BAD_HASH', message: `${file.name} has SHA-256 ${found}, wanted ${file.sha256}` });
    }
    const fault = verityFault(volume, files, signed.release.rootfs?.verity.rootHash, options);
    if (fault !== undefined) faults.push({ code: 'VERITY_MISMATCH', message: fault });
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    faults.push({ code: thrown.code, message: thrown.message });
  }
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  return { slot: slot.index, state: slot.state, digest: slot.releaseDigest, bytes, faults };
}

/** Bytes that {@link verifySlot} will read of a slot, for progress; 0 when its descriptor cannot be read. */
export function bytesToVerify(volume: Volume, slot: Slot): number {
  try {
    return volume.descriptor(slot.index).files.reduce((sum, file) => sum + file.size * readings(file), 0);
  } catch (thrown) {
    if (isSdfsError(thrown)) return 0;
    throw thrown;
  }
}

/** The root file system is read for its hash, and again for its tree. */
const readings = (file: SlotFile): number => (file.kind === 'rootfs' ? 2 : 1);

function verityFault(
  volume: Volume,
  files: readonly SlotFile[],
  rootHash: string | undefined,
  { crypto, onBytes }: VerifyOptions,
): string | undefined {
  const rootfs = files.find((file) => file.kind === 'rootfs');
  const tree = files.find((file) => file.kind === 'verity');
  if (rootfs === undefined || tree === undefined || rootHash === undefined) return undefined;
  return findVerityFault({
    dataBlocks: rootfs.size / BLOCK_SIZE,
    readData: (offset, into) => volume.readFileAt(rootfs, offset, into),
    treeBytes: tree.size,
    readTree: (offset, into) => volume.readFileAt(tree, offset, into),
    rootHash,
    crypto,
    onBytes,
  });
}
