import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createImageFile } from '@cocon-os/sdfs/node';
import { expect, test } from 'vitest';

import { stageArtifact, type ByteSource } from '../src/index.ts';
import { artifactOf } from './support/archive.ts';
import { makeRelease } from './support/release.ts';
import { memorySource } from './support/source.ts';
import { stageOptions } from './support/stage-options.ts';
import { formatVolume } from './support/volume.ts';

const MIB = 2 ** 20;
/** A few pieces of 1 MiB: the source's, one for each of five files, the one of the read-back, and garbage of the test. */
const LIMIT_MIB = 16;

test('stageArtifact() holds a few pieces of an image, not the image', async () => {
  const archive = await artifactOf(makeRelease({ rootfsBytes: 64 * MIB }));
  const device = createImageFile(join(mkdtempSync(join(tmpdir(), 'cocon-memory-')), 'volume.img'), 256 * MIB);
  const inner = memorySource(archive, { pieceBytes: MIB, ranges: false, sized: false });
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const source: ByteSource = {
    ...inner,
    read() {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      return inner.read();
    },
  };
  await stageArtifact(formatVolume(device, { groupBlocks: 1024 }), source, stageOptions({ local: false }));
  device.close();
  expect(most / MIB).toBeLessThan(LIMIT_MIB);
});
