/** Signed releases by number, made once each: release `n` has version `n.0` and security version `n`. */
import {
  encodeRelease,
  encodeSignatures,
  LIMITS,
  openRelease,
  sha256Hex,
  stage,
  type SignedRelease,
  type StageOptions,
  type Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';

import { fillSlot } from '../support/fill-slot.ts';
import { fileBytes, sampleRelease, signatureOf, TRUSTED, type Sample } from '../vectors/sample.ts';

/** A release, its signature verified, and its files. */
export interface ProvenRelease extends Sample {
  readonly signed: SignedRelease;
}

const made = new Map<number, ProvenRelease>();
const numbers = new Map<string, number>();

export function releaseOf(number: number): ProvenRelease {
  const known = made.get(number);
  if (known !== undefined) return known;
  const sample = sampleOf(number);
  const json = encodeRelease(sample.release);
  const entry = { publicKey: TRUSTED.publicKey, signature: signatureOf(json, TRUSTED.privateKey) };
  const signed = openRelease(json, encodeSignatures([entry], crypto), [TRUSTED.publicKey], crypto);
  const release = { ...sample, signed };
  made.set(number, release);
  numbers.set(signed.digest, number);
  return release;
}

/** From this number on a release takes two erase groups of 16 blocks, and its kernel lies in both. */
export const LARGE = 100;
const LARGE_KERNEL = 18 * LIMITS.BLOCK_SIZE;

function sampleOf(number: number): Sample {
  const { release, contents } = sampleRelease(number);
  if (number < LARGE) return { release, contents };
  const kernel = fileBytes(`large kernel ${number}`, LARGE_KERNEL);
  return {
    release: { ...release, kernel: { size: kernel.length, sha256: sha256Hex(crypto, kernel) } },
    contents: { ...contents, kernel },
  };
}

/** The number of a release that was made, by its digest. */
export function numberOf(digest: string): number | undefined {
  return numbers.get(digest);
}

/** Stages a release; the slot that it got. Throws what `stage` throws. */
export function stageRelease(
  volume: Volume,
  number: number,
  options: Omit<StageOptions, 'crypto'> = {},
): number {
  const { signed, contents } = releaseOf(number);
  return fillSlot(stage(volume, signed, { crypto, ...options }), contents);
}
