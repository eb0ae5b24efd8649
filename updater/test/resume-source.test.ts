/** A download that breaks, by a source that fails when it is told to and a clock that nobody waits for. */
import { test as propertyTest, fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

import { stageArtifact, UpdaterError, type ByteSource } from '../src/index.ts';
import { resumingSource } from '../src/resume-source.ts';
import { artifactEntries, tarOf } from './support/archive.ts';
import { makeRelease } from './support/release.ts';
import { memorySource } from './support/source.ts';
import { stageOptions } from './support/stage-options.ts';
import { memoryVolume } from './support/volume.ts';

const MIB = 2 ** 20;
const bytes = Uint8Array.from({ length: 3 * MIB + 5 }, (_, index) => index % 251);
const broken = (code: 'SOURCE_SHORT' | 'SOURCE_IO' | 'SOURCE_UNREACHABLE' | 'SOURCE_STATUS') =>
  new UpdaterError(code, `Cannot read memory: ${code}`);

/** Reads it all; `fails` says of each range request whether it fails, and with what. */
async function download(fails: (request: number) => UpdaterError | undefined, breakAfter = 1) {
  const whole = memorySource(bytes, { pieceBytes: 100_000 });
  const pauses: number[] = [];
  const positions: number[] = [];
  let requests = 0;
  let pieces = 0;
  const source: ByteSource = {
    ...whole,
    read: () => {
      pieces += 1;
      return pieces > breakAfter ? Promise.reject(broken('SOURCE_SHORT')) : whole.read();
    },
    readAt: (offset, length) => {
      requests += 1;
      const error = fails(requests);
      if (error !== undefined) return Promise.reject(error);
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
  };
  const resuming = resumingSource(source, {
    sleep: (pause) => Promise.resolve(void pauses.push(pause)),
    onBreak: (position) => void positions.push(position),
  });
  const read = async (): Promise<Uint8Array> => {
    const all: Uint8Array[] = [];
    for (let piece = await resuming.read(); piece !== undefined; piece = await resuming.read())
      all.push(piece.slice());
    return new Uint8Array(Buffer.concat(all));
  };
  const result = await read().catch((thrown: unknown) => thrown);
  return { result, pauses, positions, requests };
}

const isWhole = (result: unknown): boolean =>
  result instanceof Uint8Array && Buffer.compare(result, bytes) === 0;

describe('resumingSource()', () => {
  test('goes on by ranges after a break, one pause later', async () => {
    const { result, pauses, positions } = await download(() => undefined);
    expect(isWhole(result)).toBe(true);
    expect({ pauses, positions }).toEqual({ pauses: [1000], positions: [100_000] });
  });

  test('doubles the pause with every try that fails, and begins anew once something has arrived', async () => {
    const { result, pauses, positions } = await download((request) =>
      [1, 2, 3, 5].includes(request) ? broken('SOURCE_UNREACHABLE') : undefined,
    );
    expect(isWhole(result)).toBe(true);
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 1000]);
    expect(positions).toEqual([100_000, 100_000, 100_000, 100_000, 100_000 + MIB]);
  });

  test('gives up after eight tries in a row, and says how far it came', async () => {
    const { result, pauses, requests } = await download((request) =>
      request > 1 ? broken('SOURCE_UNREACHABLE') : undefined,
    );
    expect(result).toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: `Cannot read memory: it broke off after ${100_000 + MIB} bytes of ${bytes.length}, and 8 tries to go on failed; the last one: Cannot read memory: SOURCE_UNREACHABLE`,
      hint: expect.stringMatching(/\.$/),
      facts: { found: 100_000 + MIB, wanted: bytes.length },
    });
    expect(pauses).toEqual([1000, 1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000]);
    expect(requests).toBe(1 + 1 + 8);
  });

  test('gives up at once when the server says no', async () => {
    const { result, requests } = await download(() => broken('SOURCE_STATUS'));
    expect(result).toMatchObject({ code: 'SOURCE_STATUS', message: 'Cannot read memory: SOURCE_STATUS' });
    expect(requests).toBe(1);
  });

  test('tries ranges again as well: an archive whose large files come first', async () => {
    const archive = await tarOf(artifactEntries(makeRelease()).toReversed());
    const whole = memorySource(archive);
    const breaks: (readonly [number, number])[] = [];
    let requests = 0;
    const source: ByteSource = {
      ...whole,
      readAt: (offset, length) => {
        requests += 1;
        if (requests === 2 || requests === 3) return Promise.reject(broken('SOURCE_SHORT'));
        return Promise.resolve(archive.slice(offset, offset + length));
      },
    };
    const resuming = resumingSource(source, {
      sleep: () => Promise.resolve(),
      onBreak: (position, pause) => void breaks.push([position, pause]),
    });
    const volume = memoryVolume();
    const { slot } = await stageArtifact(volume, resuming, stageOptions({ local: false }));
    expect(volume.slot(slot).state).toBe('trial');
    expect(breaks.map(([, pause]) => pause)).toEqual([1000, 2000]);
    expect(new Set(breaks.map(([position]) => position)).size).toBe(1);
  });

  test('leaves a source without ranges as it is', () => {
    const source = memorySource(bytes, { ranges: false });
    const options = { sleep: () => Promise.resolve(), onBreak: () => {} };
    expect(resumingSource(source, options)).toBe(source);
  });

  propertyTest.prop([fc.infiniteStream(fc.integer({ min: 0, max: 9 })), fc.nat(40)], { numRuns: 30 })(
    'gives every byte once, in order, wherever it breaks',
    async (luck, breakAfter) => {
      const fails = () => (Number(luck.next().value) < 3 ? broken('SOURCE_IO') : undefined);
      const { result } = await download(fails, breakAfter);
      // Eight bad turns in a row may happen; then it says so.
      if (result instanceof UpdaterError) expect(result.code).toBe('SOURCE_IO');
      else expect(isWhole(result)).toBe(true);
    },
  );
});
