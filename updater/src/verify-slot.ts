/** Reads a slot whole and compares it with what was signed: what a loader checks, every file, and the verity tree. */
import type { Progress } from '@cocon-os/cli';
import {
  BLOCK_SIZE,
  checkSlot,
  isSdfsError,
  type Crypto,
  type SdfsErrorCode,
  type Slot,
  type SlotFile,
  type Volume,
} from '@cocon-os/sdfs';

import type { SlotFaultCode } from './errors.ts';
import { findVerityFault } from './verity-tree.ts';

/** What was found in one slot. */
export interface SlotFindings {
  readonly slot: number;
  readonly state: Slot['state'];
  readonly digest: string;
  /** Bytes of its files; 0 when it is not known which they are. */
  readonly bytes: number;
  /** The first thing that is wrong; `null` when all is well. */
  readonly fault: { readonly code: SdfsErrorCode | SlotFaultCode; readonly message: string } | null;
}

/** What `verifySlot` needs besides the volume. */
export interface VerifyOptions {
  readonly crypto: Crypto;
  readonly trustedKeys: readonly Uint8Array[];
  readonly progress: Progress;
}

/** Changes nothing. */
export function verifySlot(volume: Volume, slot: Slot, options: VerifyOptions): SlotFindings {
  const findings = { slot: slot.index, state: slot.state, digest: slot.releaseDigest };
  try {
    const { release, files } = checkSlot(volume, slot.index, { ...options, deep: true });
    const fault = verityFault(volume, slot.index, files, release.rootfs?.verity.rootHash, options);
    return {
      ...findings,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
      fault:
        fault === undefined
          ? null
          : { code: 'VERITY_MISMATCH', message: `Cannot use slot ${slot.index}: ${fault}` },
    };
  } catch (thrown) {
    if (!isSdfsError(thrown)) throw thrown;
    return { ...findings, bytes: 0, fault: { code: thrown.code, message: thrown.message } };
  }
}

function verityFault(
  volume: Volume,
  slot: number,
  files: readonly SlotFile[],
  rootHash: string | undefined,
  { crypto, progress }: VerifyOptions,
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
    onProgress: (done) => progress.update(`check hash tree of slot ${slot}`, done, rootfs.size),
  });
}
