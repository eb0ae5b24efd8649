/**
 * Writes `manifest.json`, or with `--check` tells whether it is up to date. Its layout is in README.md and `layout.ts`.
 *
 * What is expected of a case is what the TypeScript reader makes of it when the case is written; the Rust reader reads the
 * same file. So a reader that changes its mind shows up as a change of this file, and a disagreement as a failing test.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { LIMITS } from '@cocon-os/sdfs';

import { descriptorCases } from './cases/descriptor.ts';
import { recordCases } from './cases/record.ts';
import { releaseCases } from './cases/release.ts';
import { signatureCases, TRUSTED_KEYS } from './cases/signature.ts';
import { superblockCases } from './cases/superblock.ts';
import { volumeCases } from './cases/volume.ts';
import { piecesOf } from './edit.ts';
import type { Base, Manifest } from './layout.ts';
import { readCase } from './read.ts';
import { sampleRelease, sampleVolume } from './sample.ts';

const PLACE = new URL('manifest.json', import.meta.url);

/** The text of manifest.json, a case on each line. */
export function generate(): string {
  const { device, volume } = sampleVolume();
  const image = new Uint8Array(device.sizeBytes);
  device.read(0, image);
  const { descriptorBlock } = volume.slot(0);
  const superblock = image.subarray(0, LIMITS.SUPERBLOCK_SIZE);
  const descriptor = image.subarray(
    descriptorBlock * LIMITS.BLOCK_SIZE,
    (descriptorBlock + 1) * LIMITS.BLOCK_SIZE,
  );
  const json = volume.readFile(0, 'release.json');

  const bases: Manifest['bases'] = {
    nothing: { size: 0, pieces: [] },
    superblock: whole(superblock),
    record: whole(volume.record.bytes),
    descriptor: whole(descriptor),
    release: { size: json.length, pieces: [{ offset: 0, text: Buffer.from(json).toString('latin1') }] },
    volume: whole(image),
  };
  const manifest: Manifest = { format: 'cocon.vectors/1', trustedKeys: TRUSTED_KEYS, bases, cases: [] };
  const cases = [
    ...superblockCases(superblock),
    ...recordCases(volume.record.bytes),
    ...descriptorCases(descriptor),
    ...releaseCases(sampleRelease(1).release),
    ...signatureCases(json),
    ...volumeCases(image, volume),
  ].map((each) => ({ ...each, expect: readCase(manifest, { ...each, expect: { value: null } }) }));

  const names = cases.map((each) => each.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RangeError(`Two cases are called "${twice}"`);
  return [
    `{"format":${JSON.stringify(manifest.format)},`,
    `"trustedKeys":${JSON.stringify(manifest.trustedKeys)},`,
    `"bases":{\n${Object.entries(bases)
      .map(([name, base]) => `${JSON.stringify(name)}:${JSON.stringify(base)}`)
      .join(',\n')}\n},`,
    `"cases":[\n${cases.map((each) => JSON.stringify(each)).join(',\n')}\n]}\n`,
  ].join('\n');
}

/** manifest.json as it is. */
export function readManifest(): Manifest {
  return JSON.parse(readFileSync(PLACE, 'utf8')) as Manifest;
}

if (import.meta.main) {
  const text = generate();
  if (!process.argv.includes('--check')) writeFileSync(PLACE, text);
  else if (readFileSync(PLACE, 'utf8') !== text) {
    process.stderr.write(
      'test/vectors/manifest.json is not what test/vectors/generate.ts writes\nhint: run scripts/node test/vectors/generate.ts, and look at the difference before you commit it.\n',
    );
    process.exitCode = 1;
  }
}

function whole(bytes: Uint8Array): Base {
  return { size: bytes.length, pieces: piecesOf(bytes) };
}
