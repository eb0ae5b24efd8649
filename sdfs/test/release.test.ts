import {
  encodeRelease,
  encodeSignatures,
  matchFiles,
  openRelease,
  parseRelease,
  releaseFiles,
  type SdfsError,
} from '@cocon-os/sdfs';
import { nodeCrypto as crypto } from '@cocon-os/sdfs/node';
import { describe, expect, test } from 'vitest';

import { keyOf, sampleRelease, signatureOf, TRUSTED } from '../../test/vectors/sample.ts';
import { releaseWith } from './helpers/releases.ts';
import { codeOf } from './helpers/volumes.ts';

const { release } = sampleRelease(1);
const json = encodeRelease(release);
const signature = encodeSignatures(
  [{ publicKey: TRUSTED.publicKey, signature: signatureOf(json, TRUSTED.privateKey) }],
  crypto,
);
const trusted = [TRUSTED.publicKey];

describe('openRelease()', () => {
  test('gives the release, its identity and the key that vouches for it', () => {
    const opened = openRelease(json, signature, trusted, crypto);
    expect(opened).toMatchObject({ release, json, signature });
    expect(opened.digest).toBe('06ef9a2fc8cb99a79bdaffab48dfe2bc4f554aee0ac80ca359f0ae752cc348cd');
  });

  test('looks at the signature before it looks at the contents', () => {
    const nonsense = new TextEncoder().encode('not JSON at all');
    const forged = encodeSignatures(
      [{ publicKey: TRUSTED.publicKey, signature: new Uint8Array(64) }],
      crypto,
    );
    const stranger = keyOf(9);
    const foreign = encodeSignatures(
      [{ publicKey: stranger.publicKey, signature: signatureOf(nonsense, stranger.privateKey) }],
      crypto,
    );
    const good = encodeSignatures(
      [{ publicKey: TRUSTED.publicKey, signature: signatureOf(nonsense, TRUSTED.privateKey) }],
      crypto,
    );
    expect(
      [forged, foreign, good].map((each) => codeOf(() => openRelease(nonsense, each, trusted, crypto))),
    ).toEqual(['RELEASE_BAD_SIGNATURE', 'RELEASE_UNTRUSTED', 'RELEASE_INVALID']);
  });

  test('refuses every single flipped bit of release.json and of release.sig', () => {
    for (let bit = 0; bit < json.length * 8; bit += 13) {
      const flipped = json.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(codeOf(() => openRelease(flipped, signature, trusted, crypto))).toBe('RELEASE_BAD_SIGNATURE');
    }
    for (let bit = 0; bit < signature.length * 8; bit += 1) {
      const flipped = signature.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(codeOf(() => openRelease(json, flipped, trusted, crypto))).toBe(
        bit < 256 ? 'RELEASE_UNTRUSTED' : 'RELEASE_BAD_SIGNATURE',
      );
    }
  });

  test('trusts nothing when no key is trusted', () => {
    expect(codeOf(() => openRelease(json, signature, [], crypto))).toBe('RELEASE_UNTRUSTED');
  });
});

test('Law 9: both readers agree: verifyEd25519() refuses points of small order, as the loader does', () => {
  // The neutral element as key and as R, with S = 0, satisfies the equation for every message.
  const neutral = new Uint8Array(32).fill(1, 0, 1);
  const degenerate = new Uint8Array(64).fill(1, 0, 1);
  expect(crypto.verifyEd25519(neutral, new TextEncoder().encode('any message'), degenerate)).toBe(false);
});

describe('parseRelease() and encodeRelease()', () => {
  test('give each other back', () => {
    expect(parseRelease(json)).toEqual(release);
    expect(encodeRelease(parseRelease(json))).toEqual(json);
  });

  test.each([
    [{ attempts: 16 }, 'Cannot use release.json: attempts: Too big: expected number to be <=15'],
    [{ name: '' }, 'Cannot use release.json: name: Too small: expected string to have >=1 characters'],
    [{ initrd: undefined, rootfs: undefined }, 'Cannot use release.json: Expected initrd or rootfs or both'],
  ])('name the field and what was wanted: %j', (changes, message) => {
    expect(thrownBy(() => encodeRelease({ ...release, ...changes })).message).toBe(message);
  });
});

describe('Law 8: bad bytes are values: parseRelease()', () => {
  test.each(['[', '{"a":'])('refuses %j nested as deep as the limit lets it be', (opening) => {
    const deep = new TextEncoder().encode(opening.repeat(Math.floor(65_536 / opening.length)));
    expect(codeOf(() => parseRelease(deep))).toBe('RELEASE_INVALID');
  });
  test('refuses what is nested deeply and closed again', () => {
    const deep = new TextEncoder().encode('['.repeat(32_768) + ']'.repeat(32_768));
    expect(codeOf(() => parseRelease(deep))).toBe('RELEASE_INVALID');
  });
});

describe('matchFiles()', () => {
  const files = releaseFiles(release);
  test('takes the files of the release in any order', () =>
    expect(codeOf(() => matchFiles(release, files.toReversed()))).toBe('done'));
  test.each([
    ['one is missing', files.slice(1)],
    [
      'one is of another size',
      files.map((file, index) => (index === 2 ? { ...file, size: file.size + 1 } : file)),
    ],
    [
      'one has another digest',
      files.map((file, index) => (index === 0 ? { ...file, sha256: '00'.repeat(32) } : file)),
    ],
    [
      'one is too many',
      [...files, { kind: 'dtb' as const, name: 'dtb/other', size: 1, sha256: '00'.repeat(32) }],
    ],
  ])('refuses when %s', (_, found) =>
    expect(codeOf(() => matchFiles(release, found))).toBe('RELEASE_INVALID'),
  );
  test('refuses an initrd that the release does not name', () => {
    const { initrd: _, ...without } = releaseWith(1).release;
    expect(codeOf(() => matchFiles(without, files))).toBe('RELEASE_INVALID');
  });
});

function thrownBy(call: () => unknown): SdfsError {
  try {
    call();
  } catch (thrown) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the assertions tell
    return thrown as SdfsError;
  }
  return expect.unreachable();
}
