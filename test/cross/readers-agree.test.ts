/**
 * Law 9: both readers agree on every input, good or bad, down to the error code: on structures, on releases, and on what
 * the loader starts and notes.
 */
import { isDeepStrictEqual } from 'node:util';

import {
  bootOrder,
  checkSlot,
  encodeSignatures,
  hashFile,
  openRelease,
  Volume,
  type MemoryDevice,
} from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';
import { test as propertyTest, fc } from '@fast-check/vitest';
import canonicalize from 'canonicalize';
import { expect } from 'vitest';

import { plainRelease, plainVolume } from '../vectors/plain.ts';
import { errorCode } from '../vectors/read.ts';
import { sampleRelease, signatureOf, TRUSTED } from '../vectors/sample.ts';
import { anyVolume, sample } from './any-volume.ts';
import { bootOnce } from './boot.ts';
import { rustRelease, rustVolume, type Outcome } from './rust-reader.ts';

function typescriptVolume(device: MemoryDevice): Outcome {
  try {
    return { value: plainVolume(Volume.open(device), errorCode) };
  } catch (thrown) {
    return { error: errorCode(thrown) };
  }
}

propertyTest.prop([anyVolume], { numRuns: 500 })('Law 9: both readers agree on every volume', (device) => {
  expectSame(rustVolume(device), typescriptVolume(device));
});

propertyTest.prop([anyVolume], { numRuns: 500 })(
  'Law 9: both readers agree on what boots, and on why the slots before it do not',
  (device) => {
    const expected = foreseenBoot(device);
    const { started } = bootOnce(device);
    expect(started?.slot).toBe(expected.slot);
    for (const [index, noted] of expected.noted) expect(Volume.open(device).slot(index)).toMatchObject(noted);
  },
);

/** What the loader will start and note, by FORMAT.md §7 and the TypeScript reader. */
function foreseenBoot(device: MemoryDevice): Foreseen {
  const noted = new Map<number, object>();
  let volume: Volume;
  try {
    volume = Volume.open(device);
  } catch (thrown) {
    errorCode(thrown);
    return { slot: undefined, noted };
  }
  for (const index of bootOrder(volume.record, volume)) {
    const fault = faultOf(volume, index);
    if (fault === undefined) return { slot: index, noted };
    if (volume.writable) noted.set(index, { state: 'failed', progress: 'loader', ...fault });
  }
  const lastResort = volume.record.slots
    .filter((slot) => (slot.state === 'failed' || noted.has(slot.index)) && slot.wasConfirmed)
    .toSorted((a, b) => b.priority - a.priority || a.index - b.index)
    .find((slot) => faultOf(volume, slot.index) === undefined);
  return { slot: lastResort?.index, noted };
}

interface Foreseen {
  readonly slot: number | undefined;
  readonly noted: ReadonlyMap<number, object>;
}

/** The reason and detail that the table of FORMAT.md §7 gives, if the slot cannot start. */
function faultOf(
  volume: Volume,
  index: number,
): { readonly reason: string; readonly detail: string } | undefined {
  try {
    const { files } = checkSlot(volume, index, {
      crypto: nodeCrypto,
      trustedKeys: [TRUSTED.publicKey],
      architecture: 'amd64',
    });
    // What the loader reads into memory; the root file system is dm-verity's business.
    const damaged = files
      .filter(({ kind }) => kind === 'kernel' || kind === 'initrd')
      .find((file) => hashFile(volume.device, file, nodeCrypto) !== file.sha256);
    return damaged === undefined ? undefined : { reason: 'hash', detail: damaged.name };
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === 'FILE_BAD_HASH') return { reason: 'hash', detail: 'release.json' };
    return { reason: REASON_OF[code] ?? 'descriptor', detail: code };
  }
}

const REASON_OF: Readonly<Record<string, string>> = {
  RELEASE_UNTRUSTED: 'signature',
  RELEASE_BAD_SIGNATURE: 'signature',
  RELEASE_INVALID: 'release',
  RELEASE_WRONG_ARCHITECTURE: 'release',
  CMDLINE_TOO_LONG: 'release',
  RELEASE_BELOW_FLOOR: 'floor',
};

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
