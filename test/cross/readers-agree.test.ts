/**
 * Law 9: both readers agree on every input, good or bad, down to the error code: on structures, on releases, and on what
 * the loader starts and notes.
 */
import { isDeepStrictEqual } from 'node:util';

import { encodeSignatures, openRelease } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { test as propertyTest, fc } from '@fast-check/vitest';
import canonicalize from 'canonicalize';
import { expect } from 'vitest';

import { plainRelease } from '../vectors/plain.ts';
import { errorCode } from '../vectors/read.ts';
import { sampleRelease, signatureOf, TRUSTED } from '../vectors/sample.ts';
import { anyVolume, sample } from './any-volume.ts';
import { differenceOf } from './difference.ts';
import { rustRelease, type Outcome } from './rust-reader.ts';

propertyTest.prop([anyVolume], { numRuns: 500 })(
  'Law 9: both readers agree on every volume, on what boots from it, and on why the slots before it do not',
  (device) => {
    expect(differenceOf(device)).toBeUndefined();
  },
);

const json = new TextDecoder().decode(sample.volume.readFile(0, 'release.json'));
const tokens = [
  '"',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  ' ',
  '0',
  '1',
  '-',
  '.',
  'e',
  'a',
  'null',
  'true',
  '\\',
  '\n',
  'é',
  '"a":1,',
  '"attempts":3,',
  '1e3',
  '18446744073709551616',
  '9007199254740993',
  '00',
];
const jsonEdit = fc.record({
  at: fc.nat(json.length),
  removed: fc.nat(12),
  inserted: fc.oneof(fc.constant(''), fc.constantFrom(...tokens), fc.string({ maxLength: 3 })),
});

propertyTest.prop([fc.array(jsonEdit, { minLength: 1, maxLength: 2 })], { numRuns: 1000 })(
  'Law 9: both readers agree on every release.json',
  (edits) => {
    let text = json;
    for (const { at, removed, inserted } of edits)
      text = text.slice(0, at) + inserted + text.slice(at + removed);
    const bytes = new TextEncoder().encode(text);
    const signature = encodeSignatures(
      [{ publicKey: TRUSTED.publicKey, signature: signatureOf(bytes, TRUSTED.privateKey) }],
      nodeCrypto,
    );
    expectSame(rustRelease(bytes, signature, [TRUSTED.publicKey]), typescriptRelease(bytes, signature));
  },
);

propertyTest.prop(
  [fc.dictionary(fc.constantFrom(...Object.keys(sampleRelease(1).release)), fc.jsonValue(), { maxKeys: 2 })],
  { numRuns: 500 },
)('Law 9: both readers agree on every value of every field of release.json', (changes) => {
  const bytes = new TextEncoder().encode(canonicalize({ ...sampleRelease(1).release, ...changes }) ?? '');
  const signature = encodeSignatures(
    [{ publicKey: TRUSTED.publicKey, signature: signatureOf(bytes, TRUSTED.privateKey) }],
    nodeCrypto,
  );
  expectSame(rustRelease(bytes, signature, [TRUSTED.publicKey]), typescriptRelease(bytes, signature));
});

const goodSignature = sample.volume.readFile(0, 'release.sig');
propertyTest.prop(
  [fc.array(fc.tuple(fc.nat(95), fc.nat(255)), { maxLength: 3 }), fc.constantFrom(0, 1, 95, 96, 97, 192)],
  { numRuns: 500 },
)('Law 9: both readers agree on every release.sig', (changes, length) => {
  const signature = goodSignature.slice();
  for (const [at, value] of changes) signature[at] = value;
  const whole = new Uint8Array(length);
  whole.set(signature.subarray(0, length));
  const bytes = new TextEncoder().encode(json);
  expectSame(rustRelease(bytes, whole, [TRUSTED.publicKey]), typescriptRelease(bytes, whole));
});

/** Equal values; the slow comparison that shows a difference is made when there is one only. */
function expectSame(rust: Outcome, typescript: Outcome): void {
  if (!isDeepStrictEqual(rust, typescript)) expect(rust).toEqual(typescript);
}

function typescriptRelease(bytes: Uint8Array, signature: Uint8Array): Outcome {
  try {
    return { value: plainRelease(openRelease(bytes, signature, [TRUSTED.publicKey], nodeCrypto).release) };
  } catch (thrown) {
    return { error: errorCode(thrown) };
  }
}
