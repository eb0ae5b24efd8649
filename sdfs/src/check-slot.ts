/** Whether a slot holds a whole release (FORMAT.md §5.5, §6.3): the question that the loader asks before it starts one. */
import { silentProgress, type Progress } from '@cocon-os/cli';

import type { Crypto } from './block-device.ts';
import { checkCommandLineLimit } from './command-line.ts';
import type { SlotFile } from './descriptor.ts';
import { SdfsError } from './errors.ts';
import { hashFile, readFileAt } from './file-blocks.ts';
import { matchFiles, openRelease, checkReleaseSize, parseRelease, type SignedRelease } from './release.ts';
import type { Architecture, Release } from './release-schema.ts';
import { sha256Hex } from './sha256.ts';
import { checkSignatureSize } from './signature.ts';
import type { Volume } from './volume.ts';

/** How thoroughly to check. */
export interface CheckSlotOptions {
  readonly crypto: Crypto;
  /** Raw Ed25519 public keys. Signatures are not looked at when they are not given. */
  readonly trustedKeys?: readonly Uint8Array[] | undefined;
  /** The machine's processor. Not looked at when it is not given. */
  readonly architecture?: Architecture | undefined;
  /** Read every file whole and check its SHA-256, also the root file system and its hash tree. */
  readonly deep?: boolean | undefined;
  readonly progress?: Progress | undefined;
}

/** What was checked. */
export interface CheckedSlot {
  readonly release: Release;
  readonly files: readonly SlotFile[];
}

/** Checks in the order of FORMAT.md §6.3 and throws the first fault, with its code. */
export function checkSlot(volume: Volume, index: number, options: CheckSlotOptions): CheckedSlot {
  const { crypto, trustedKeys, architecture, deep = false, progress = silentProgress } = options;
  const { device, record, superblock } = volume;
  const slot = volume.liveSlot(index);
  const { files } = volume.descriptor(index);
  const signature = fileOf(files, 'release.sig');
  const json = fileOf(files, 'release.json');
  checkSignatureSize(signature.size);
  checkReleaseSize(json.size);

  const jsonBytes = readWhole(volume, json);
  const signatureBytes = readWhole(volume, signature);
  const digest = sha256Hex(crypto, jsonBytes);
  if (digest !== slot.releaseDigest) throw damaged(index, json, digest, slot.releaseDigest);
  const signed: Pick<SignedRelease, 'release' | 'digest'> =
    trustedKeys === undefined
      ? { release: parseRelease(jsonBytes), digest }
      : openRelease(jsonBytes, signatureBytes, trustedKeys, crypto);
  const { release } = signed;
  if (architecture !== undefined && release.architecture !== architecture) {
    throw new SdfsError(
      'RELEASE_WRONG_ARCHITECTURE',
      `Cannot use slot ${index}: its release is for ${release.architecture}, expected ${architecture}`,
      {
        facts: { expected: architecture, actual: release.architecture },
      },
    );
  }
  if (BigInt(release.securityVersion) < record.floor) {
    throw new SdfsError(
      'RELEASE_BELOW_FLOOR',
      `Cannot use slot ${index}: its security version is ${release.securityVersion}, the floor is ${record.floor}`,
      {
        facts: { expected: String(record.floor), actual: release.securityVersion },
      },
    );
  }
  matchFiles(release, files);
  checkCommandLineLimit({ signed, slot: index, files, superblock });
  if (!deep) return { release, files };

  const total = files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  for (const file of files) {
    const actual = hashFile(device, file, crypto, (bytes) => {
      done += bytes;
      progress.update(`check slot ${index}`, done, total);
    });
    if (actual !== file.sha256) throw damaged(index, file, actual, file.sha256);
  }
  return { release, files };
}

/** A descriptor that was read holds one of each. */
function fileOf(files: readonly SlotFile[], kind: 'release.json' | 'release.sig'): SlotFile {
  const file = files.find((each) => each.kind === kind);
  if (file !== undefined) return file;
  throw new SdfsError('SDFS_BAD_DESCRIPTOR', `Cannot find ${kind} among the files of a slot`);
}

function readWhole(volume: Volume, file: SlotFile): Uint8Array {
  const bytes = new Uint8Array(file.size);
  readFileAt(volume.device, file, 0, bytes);
  return bytes;
}

function damaged(slot: number, file: SlotFile, actual: string, expected: string): SdfsError {
  return new SdfsError(
    'FILE_BAD_HASH',
    `Cannot use slot ${slot}: the SHA-256 of "${file.name}" is ${actual}, expected ${expected}`,
    {
      hint: `The file is damaged on the disk. Give the slot up (cocon-update rollback --slot ${slot}), then stage the release again with --force.`,
      facts: { slot, file: file.name, expected, actual },
    },
  );
}
