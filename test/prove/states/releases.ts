/** The smallest releases that can be staged: a kernel and an initrd of one block each. */
import { encodeRelease, encodeSignatures, openRelease, sha256Hex, type SignedRelease } from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';

import { fileBytes, signatureOf, TRUSTED } from '../../vectors/sample.ts';

/** A release and the bytes of its files. */
export interface TinyRelease {
  readonly signed: SignedRelease;
  readonly securityVersion: number;
  readonly contents: Readonly<Record<string, Uint8Array>>;
}

/** The releases of a world, `attempts` granted to each: every second one raises the security version. */
export function tinyReleases(count: number, attempts: number): readonly TinyRelease[] {
  return Array.from({ length: count }, (_, index) =>
    tinyRelease(index + 1, attempts, 1 + Math.floor(index / 2)),
  );
}

function tinyRelease(number: number, attempts: number, securityVersion: number): TinyRelease {
  const contents = {
    kernel: fileBytes(`kernel ${number}`, 64),
    initrd: fileBytes(`initrd ${number}`, 64),
  };
  const described = (bytes: Uint8Array) => ({ size: bytes.length, sha256: sha256Hex(crypto, bytes) });
  const json = encodeRelease({
    format: 'cocon.release/1',
    name: 'tiny',
    version: String(number),
    architecture: 'amd64',
    securityVersion,
    attempts,
    commandLine: '',
    kernel: described(contents.kernel),
    initrd: described(contents.initrd),
  });
  const entry = { publicKey: TRUSTED.publicKey, signature: signatureOf(json, TRUSTED.privateKey) };
  const signed = openRelease(json, encodeSignatures([entry], crypto), [TRUSTED.publicKey], crypto);
  return { signed, securityVersion, contents };
}
