/** release.sig: FORMAT.md §6.2. The message is the base `release`; what is trusted, `trustedKeys`. */
import { encodeSignatures, toHex } from '@cocon-os/sdfs';
import { nodeCrypto } from '@cocon-os/sdfs/node';

import type { NewCase } from '../new-case.ts';
import { keyOf, signatureOf, TRUSTED } from '../sample.ts';

/** Every case of this structure. */
export function signatureCases(json: Uint8Array): readonly NewCase[] {
  const entry = (seed: number, message = json): Uint8Array => {
    const { publicKey, privateKey } = keyOf(seed);
    return encodeSignatures([{ publicKey, signature: signatureOf(message, privateKey) }], nodeCrypto);
  };
  const good = entry(1);
  const changed = (offset: number): Uint8Array =>
    good.map((byte, index) => (index === offset ? byte ^ 1 : byte));

  return [
    of('good', good),
    of('good behind one of an unknown key', join(entry(7), good)),
    of('good behind a bad one of the same key', join(changed(50), good)),
    of(
      'eight entries, the last one good',
      join(...Array.from({ length: 7 }, (_, index) => entry(20 + index)), good),
    ),
    of('of the second trusted key', entry(2)),

    of('empty', new Uint8Array()),
    of('one byte short', good.subarray(0, 95)),
    of('one byte long', join(good, Uint8Array.of(0))),
    of('nine entries', join(...Array.from({ length: 9 }, () => good))),
    of('of an unknown key', entry(7)),
    of('key_id differs', changed(0)),
    of('signature differs in R', changed(32)),
    of('signature differs in S', changed(64)),
    of(
      'highest bit of S set',
      good.map((byte, index) => (index === 95 ? byte | 0x80 : byte)),
    ),
    of('S not reduced', notReduced(good)),
    of('all zero', new Uint8Array(96)),
    of('signature of zeros', join(good.subarray(0, 32), new Uint8Array(64))),
    of('over another message', entry(1, json.subarray(1))),
    of(
      'the other key over it, under the key_id of this one',
      join(good.subarray(0, 32), entry(7).subarray(32)),
    ),
    of('unknown and bad', join(entry(7), changed(40))),
  ];
}

/** S + L: the same number modulo the group's order, which RFC 8032 §5.1.7 refuses. */
function notReduced(entry: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
  let s = 0n;
  for (let index = 95; index >= 64; index -= 1) s = s * 256n + BigInt(entry[index] ?? 0);
  s += order;
  return entry.map((byte, index) => (index < 64 ? byte : Number((s >> BigInt(8 * (index - 64))) & 0xffn)));
}

/** What the vectors trust: the key of the sample and another one. */
export const TRUSTED_KEYS: readonly string[] = [TRUSTED.publicKey, keyOf(2).publicKey].map(toHex);

function of(name: string, bytes: Uint8Array): NewCase {
  return {
    name: `signature: ${name}`,
    structure: 'signature',
    base: 'nothing',
    edits: [{ offset: 0, hex: toHex(bytes) }],
    length: bytes.length,
  };
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
