/** Releases to stage, signed with the key of the vectors. */
import {
  encodeRelease,
  encodeSignatures,
  openRelease,
  sha256Hex,
  type Release,
  type SignedRelease,
  type StageSession,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import { fileBytes, sampleRelease, signatureOf, TRUSTED, type Sample } from '../../../test/vectors/sample.ts';

/** A sample release with changes. */
export function releaseWith(version: number, changes: Partial<Release> = {}): Sample {
  const sample = sampleRelease(version);
  return { ...sample, release: { ...sample.release, ...changes } };
}

/** A release with a kernel of so many bytes, an initrd, and nothing else. */
export function releaseOfSize(version: number, kernelBytes: number): Sample {
  const { initrd = new Uint8Array() } = sampleRelease(version).contents;
  const kernel = fileBytes(`kernel ${version}`, kernelBytes);
  const { rootfs: _, deviceTrees: __, ...release } = sampleRelease(version).release;
  return {
    release: { ...release, kernel: file(kernel), initrd: file(initrd) },
    contents: { kernel, initrd },
  };
}

/** The release, signed. */
export function signed({ release }: Sample, { publicKey, privateKey } = TRUSTED): SignedRelease {
  const json = encodeRelease(release);
  const signature = encodeSignatures([{ publicKey, signature: signatureOf(json, privateKey) }], nodeCrypto);
  return openRelease(json, signature, [publicKey], nodeCrypto);
}

/** Writes every file of a session. */
export function writeFiles(session: StageSession, { contents }: Sample): void {
  for (const { name } of session.files) {
    const writer = session.writer(name);
    writer.write(contents[name] ?? new Uint8Array());
    writer.close();
  }
}

function file(bytes: Uint8Array): { readonly size: number; readonly sha256: string } {
  return { size: bytes.length, sha256: sha256Hex(nodeCrypto, bytes) };
}
