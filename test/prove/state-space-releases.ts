/** The smallest releases that can be staged: a kernel and an initrd of one block each. Made once, for signing costs more than staging. */
import {
  encodeRelease,
  encodeSignatures,
  openRelease,
  sha256Hex,
  type Release,
  type SignedRelease,
} from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';

import { fileBytes, signatureOf, TRUSTED } from '../vectors/sample.ts';

/** A release and the bytes of its files. */
export interface TinyRelease {
  readonly number: number;
  readonly signed: SignedRelease;
  readonly contents: Readonly<Record<string, Uint8Array>>;
}

/** Releases 1, 2, 3 … of one kind: made when they are asked for, found again by their digest. */
export class ReleaseShelf {
  readonly #attempts: number;
  readonly #versions: number;
  readonly #byNumber = new Map<number, TinyRelease>();
  readonly #byDigest = new Map<string, TinyRelease>();

  /** All of them are granted `attempts`; their security versions go round 1 … `versions`. */
  constructor(attempts: number, versions: number) {
    this.#attempts = attempts;
    this.#versions = versions;
  }

  take(number: number): TinyRelease {
    const known = this.#byNumber.get(number);
    if (known !== undefined) return known;
    const made = tinyRelease(number, this.#attempts, this.securityVersionOf(number));
    this.#byNumber.set(number, made);
    this.#byDigest.set(made.signed.digest, made);
    return made;
  }

  /** The release with this digest, if it has been taken from the shelf before. */
  find(digest: string): TinyRelease | undefined {
    return this.#byDigest.get(digest);
  }

  securityVersionOf(number: number): number {
    return 1 + ((number - 1) % this.#versions);
  }
}

function tinyRelease(number: number, attempts: number, securityVersion: number): TinyRelease {
  const contents = {
    kernel: fileBytes(`kernel ${number}`, 64),
    initrd: fileBytes(`initrd ${number}`, 64),
  };
  const release: Release = {
    format: 'cocon.release/1',
    name: 'tiny',
    version: String(number),
    architecture: 'amd64',
    securityVersion,
    attempts,
    commandLine: '',
    kernel: described(contents.kernel),
    initrd: described(contents.initrd),
  };
  const json = encodeRelease(release);
  const entry = { publicKey: TRUSTED.publicKey, signature: signatureOf(json, TRUSTED.privateKey) };
  const signed = openRelease(json, encodeSignatures([entry], crypto), [TRUSTED.publicKey], crypto);
  return { number, signed, contents };
}

function described(bytes: Uint8Array): { readonly size: number; readonly sha256: string } {
  return { size: bytes.length, sha256: sha256Hex(crypto, bytes) };
}
