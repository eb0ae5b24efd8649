import { LIMITS, RECORD_HEADER, structureCrc } from '@cocon-os/sdfs';
import { expect, test } from 'vitest';

import { sampleVolume } from '../vectors/sample.ts';
import { differenceOf } from './difference.ts';

const { BLOCK_SIZE } = LIMITS;
const { sequence, crc } = RECORD_HEADER.fields;
const records = sampleVolume()
  .volume.scanRings()
  .flatMap(({ block, result }) => ('record' in result ? [{ block, sequence: result.record.sequence }] : []));

/** Found by fuzzing: which record counts after a write is not to be foreseen when one is half of all numbers away. */
test.each(records)('differenceOf() finds none where record $sequence is of another history', ({ block }) => {
  const { device, volume } = sampleVolume();
  // What boots leaves a note: the descriptor of the trial is gone.
  const trial = volume.liveSlots().find(({ state }) => state === 'trial');
  device.write((trial?.descriptorBlock ?? 0) * BLOCK_SIZE, new Uint8Array(BLOCK_SIZE));
  const bytes = new Uint8Array(BLOCK_SIZE);
  device.read(block * BLOCK_SIZE, bytes);
  const last = sequence.offset + sequence.size - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 0x80;
  new DataView(bytes.buffer).setUint32(crc.offset, structureCrc(bytes, crc), true);
  device.write(block * BLOCK_SIZE, bytes);
  expect(differenceOf(device)).toBeUndefined();
});
