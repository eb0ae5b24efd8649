/** The shared vectors, read by the Rust reader through the addon: the same file that vitest and `cargo test` read. */
import { fromHex, MemoryDevice, verifySignatures } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { describe, expect, test } from 'vitest';

import { readManifest } from '../vectors/generate.ts';
import { inputOf, type Case } from '../vectors/layout.ts';
import { TRUSTED, signatureOf } from '../vectors/sample.ts';
import { encodeSignatures } from '@cocon-os/sdfs';
import {
  rustDescriptor,
  rustRecord,
  rustRelease,
  rustSuperblock,
  rustVolume,
  type Outcome,
} from './rust-reader.ts';

const manifest = readManifest();
const base = (name: string): Uint8Array => inputOf(manifest, { base: name, edits: [] });
const trustedKeys = manifest.trustedKeys.map(fromHex);

function rustCase(each: Case): Outcome {
  const input = inputOf(manifest, each);
  switch (each.structure) {
    case 'superblock':
      return rustSuperblock(input, each.copy ?? 'A', each.deviceBlocks ?? 0);
    case 'record':
      return rustRecord(input, each.block ?? 0, base('superblock'));
    case 'descriptor':
      return rustDescriptor(input, each.slot ?? 0, base('record'), base('superblock'));
    case 'release': {
      const entry = { publicKey: TRUSTED.publicKey, signature: signatureOf(input, TRUSTED.privateKey) };
      return rustRelease(input, encodeSignatures([entry], nodeCrypto), trustedKeys);
    }
    case 'signature': {
      const outcome = rustRelease(base('release'), input, trustedKeys);
      // The addon says what was signed, not by whom.
      return 'error' in outcome
        ? outcome
        : { value: { keyId: verifySignatures(base('release'), input, trustedKeys, nodeCrypto) } };
    }
    case 'volume': {
      const device = new MemoryDevice(input.length);
      device.write(0, input);
      return rustVolume(device);
    }
  }
}

describe('the Rust reader', () => {
  test.each(manifest.cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    expect(rustCase(each)).toEqual(each.expect);
  });
});
