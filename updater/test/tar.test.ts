import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { ByteReader } from '../src/artifact/byte-reader.ts';
import { readTar } from '../src/artifact/tar-reader.ts';
import { UpdaterError, type UpdaterErrorCode } from '../src/errors.ts';
import { pattern } from './support/release.ts';
import { memorySource, type SourceOptions } from './support/source.ts';
import { tarOf } from './support/archive.ts';

interface Found {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function list(archive: Uint8Array, options: SourceOptions & { seek?: boolean } = {}): Promise<Found[]> {
  const found: Found[] = [];
  for await (const entry of readTar(new ByteReader(memorySource(archive, options), options.seek))) {
    const pieces: Uint8Array[] = [];
    for await (const piece of entry.stream()) pieces.push(piece.slice());
    found.push({ name: entry.name, bytes: new Uint8Array(Buffer.concat(pieces)) });
  }
  return found;
}

async function codeOf(archive: Uint8Array, options?: SourceOptions): Promise<UpdaterErrorCode | 'none'> {
  try {
    await list(archive, options);
    return 'none';
  } catch (thrown) {
    if (thrown instanceof UpdaterError) return thrown.code;
    throw thrown;
  }
}

/** Changes bytes of the first header and repairs its checksum. */
function withHeader(archive: Uint8Array, change: (header: Uint8Array) => void): Uint8Array {
  const changed = archive.slice();
  const header = changed.subarray(0, 512);
  change(header);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return changed;
}

function paxArchive(record: string, rest: Uint8Array): Uint8Array {
  const body = new TextEncoder().encode(record);
  const blocks = new Uint8Array(512 + Math.ceil(body.length / 512) * 512 + rest.length);
  blocks.set(rest.subarray(0, 512));
  const header = withHeader(blocks, (bytes) => {
    bytes[156] = 'x'.charCodeAt(0);
    bytes.set(new TextEncoder().encode(body.length.toString(8).padStart(11, '0')), 124);
  });
  header.set(body, 512);
  header.set(rest, blocks.length - rest.length);
  return header;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = { name: 'blobs/sha256/a', bytes: pattern('a', 1000) };

describe('readTar()', () => {
  const wishes = fc.array(
    fc.record({
      name: fc.stringMatching(/^[a-z][a-z/]{0,180}[a-z]$/),
      size: fc.integer({ min: 0, max: 3000 }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  test('returns what tar-stream wrote, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        wishes,
        fc.integer({ min: 1, max: 1500 }),
        fc.boolean(),
        async (files, pieceBytes, seek) => {
          const entries = files.map(({ name, size }) => ({ name, bytes: pattern(name, size) }));
          expect(await list(await tarOf(entries), { pieceBytes, seek, ranges: seek })).toEqual(entries);
        },
      ),
    );
  });

  test('reads a long name that is not ASCII', async () => {
    const entries = [{ name: `${'ä'.repeat(90)}/${'x'.repeat(120)}`, bytes: ascii('x') }];
    expect(await list(await tarOf(entries))).toEqual(entries);
  });

  test('takes a size of 4 GiB and more as it stands', async () => {
    const archive = withHeader(await tarOf([file]), (header) => {
      header.fill(0, 124, 136);
      header[124] = 0x80;
      header[131] = 1;
    });
    expect(await codeOf(archive, { ranges: false, sized: false })).toBe('ARTIFACT_TRUNCATED');
    expect(await codeOf(archive)).toBe('ARTIFACT_TRUNCATED');
  });

  test('refuses an archive cut at any place', async () => {
    const archive = await tarOf([file, { name: 'b', bytes: pattern('b', 10) }]);
    for (let length = 0; length <= archive.length - 1024; length += 37) {
      const code = await codeOf(archive.slice(0, length), { ranges: false, sized: false, pieceBytes: 100 });
      expect(code).toBe(length < 512 ? 'ARTIFACT_NOT_TAR' : 'ARTIFACT_TRUNCATED');
    }
  });

  test('refuses any flipped bit of a header', async () => {
    const archive = await tarOf([file]);
    for (let bit = 0; bit < 512 * 8; bit += 1) {
      const flipped = archive.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // The checksum itself may be written in more ways than one.
      const ofChecksum = bit >> 3 >= 148 && bit >> 3 < 156;
      expect(await codeOf(flipped), `bit ${bit}`).toMatch(
        ofChecksum ? /^(?:ARTIFACT_NOT_TAR|none)$/ : /^ARTIFACT_NOT_TAR$/,
      );
    }
  });

  test.each([
    ['text', ascii('a'.repeat(2000))],
    ['nothing', new Uint8Array(0)],
    ['zeros', new Uint8Array(10_240)],
    ['gzip', Uint8Array.from({ length: 1024 }, (_, at) => [0x1f, 0x8b, 8][at] ?? 7)],
  ])('refuses %s', async (_, bytes) => {
    expect(await codeOf(bytes)).toBe('ARTIFACT_NOT_TAR');
  });

  test.each([
    ['a symbolic link', 156, '2'],
    ['a hard link', 156, '1'],
    ['a device', 156, '3'],
    ['a sparse file', 156, 'S'],
    ['a negative size', 124, '\u00FF'],
    ['a size with a letter', 124, '0000000000z'],
    ['a size of nothing', 124, '\0'.repeat(12)],
    ['a signed size', 124, '-0000000001'],
  ])('refuses %s', async (_, at, text) => {
    const archive = withHeader(await tarOf([file]), (header) => {
      header.set(
        Uint8Array.from(text, (character) => character.charCodeAt(0)),
        at,
      );
    });
    expect(await codeOf(archive)).toBe('ARTIFACT_BAD_TAR');
  });

  test('refuses a base-256 size that is not exact in a double', async () => {
    const archive = withHeader(await tarOf([file]), (header) =>
      header.set([0x80, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0], 124),
    );
    expect(await codeOf(archive)).toBe('ARTIFACT_BAD_TAR');
  });

  test('applies path and size of a pax header to the next entry only', async () => {
    const rest = withHeader(await tarOf([file, { name: 'second', bytes: ascii('2') }]), (header) => {
      header.set(ascii('00000000000'), 124);
    });
    const found = await list(paxArchive('19 path=oci-layout\n13 size=1000\n', rest));
    expect(found).toEqual([
      { name: 'oci-layout', bytes: file.bytes },
      { name: 'second', bytes: ascii('2') },
    ]);
  });

  test.each([
    ['a negative size', '11 size=-1\n'],
    ['a size too large', '32 size=99999999999999999999999\n'],
    ['a length that is too long', '99 path=x\n'],
    ['a length that is too short', '3 path=x\n'],
    ['no length', 'path=x\n'],
    ['no equals sign', '10 pathxx\n'],
    ['no line feed', '9 path=xx'],
    ['a sparse file', '22 GNU.sparse.major=1\n'],
    ['bytes that are not UTF-8', '10 path=\u0080\n'.replace('10', '11')],
  ])('refuses a pax header with %s', async (name, record) => {
    const archive = paxArchive(record, await tarOf([file]));
    if (name === 'bytes that are not UTF-8') archive[512 + 8] = 0xff;
    expect(await codeOf(archive)).toBe('ARTIFACT_BAD_TAR');
  });

  test('refuses an extension that would have to be held in memory', async () => {
    const archive = withHeader(await tarOf([{ name: 'x', bytes: pattern('x', 70_000) }]), (header) => {
      header[156] = 'L'.charCodeAt(0);
    });
    expect(await codeOf(archive)).toBe('ARTIFACT_BAD_TAR');
  });
});
