/** Signed releases by number, made once each: release `n` has version `n.0` and security version `n`. */
import {
  encodeRelease,
  encodeSignatures,
  openRelease,
  stage,
  type SignedRelease,
  type StageOptions,
  type Volume,
} from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';

import { sampleRelease, signatureOf, TRUSTED, type Sample } from '../vectors/sample.ts';

/** A release, its signature verified, and its files. */
export interface ProvenRelease extends Sample {
  readonly signed: SignedRelease;
}

const made = new Map<number, ProvenRelease>();
const numbers = new Map<string, number>();

export function releaseOf(number: number): ProvenRelease {
  const known = made.get(number);
  if (known !== undefined) return known;
  const sample = sampleRelease(number);
  const json = encodeRelease(sample.release);
  const entry = { publicKey: TRUSTED.publicKey, signature: signatureOf(json, TRUSTED.privateKey) };
  const signed = openRelease(json, encodeSignatures([entry], crypto), [TRUSTED.publicKey], crypto);
  const release = { ...sample, signed };
  made.set(number, release);
  numbers.set(signed.digest, number);
  return release;
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
  const session = stage(volume, signed, { crypto, ...options });
  for (const { name } of session.files) {
    const writer = session.writer(name);
    writer.write(contents[name] ?? new Uint8Array());
    writer.close();
  }
  return session.finish().index;
}
