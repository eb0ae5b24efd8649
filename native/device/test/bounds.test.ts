import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { artifactOf } from '../../../updater/test/support/archive.ts';
import { makeRelease, trustedKey } from '../../../updater/test/support/release.ts';
import { measureMemory } from './support/memory.ts';
import { BINARY } from './support/programs.ts';
import { writeVolume } from './support/volume-file.ts';

const MIB = 1024 * 1024;
const MAX_BINARY_BYTES = 3 * MIB;
const MAX_RESIDENT_KIB = 24 * 1024;
const ROOTFS_BYTES = 120 * MIB;
const GROUP_BLOCKS = 1024;

const folder = mkdtempSync(join(tmpdir(), 'cocon-device-bounds-'));
const at = (name: string): string => join(folder, name);

afterAll(() => rmSync(folder, { recursive: true }));

describe('the device binary', () => {
  test('is at most 3 MiB', () => {
    expect(statSync(BINARY).size).toBeLessThanOrEqual(MAX_BINARY_BYTES);
  });

  test('is static: an ELF executable that asks for no interpreter', () => {
    const elf = readFileSync(BINARY);
    // ELF-64: program headers at e_phoff, their size and number at 54 and 56; p_type 3 is PT_INTERP.
    const start = Number(elf.readBigUInt64LE(32));
    const types = Array.from({ length: elf.readUInt16LE(56) }, (_, index) =>
      elf.readUInt32LE(start + index * elf.readUInt16LE(54)),
    );
    expect(elf.subarray(0, 4)).toEqual(Buffer.from('\x7FELF'));
    expect(types).not.toContain(3);
  });

  test('holds no path of the machine that built it', () => {
    const bytes = readFileSync(BINARY);
    for (const place of [join(import.meta.dirname, '../../..'), join(homedir(), '.cargo')]) {
      expect({ place, at: bytes.indexOf(place) }).toEqual({ place, at: -1 });
    }
  });

  test('stages an image of 120 MiB in at most 24 MiB of memory, from a file and from a stream', async () => {
    writeVolume(at('volume.img'), 3 * ROOTFS_BYTES, makeRelease({ version: '1.0.0' }), GROUP_BLOCKS);
    writeFileSync(at('release.pub'), trustedKey.pem);
    for (const [version, source] of [
      ['2.0.0', at('2.0.0.oci')],
      ['3.0.0', '-'],
    ] as const) {
      const image = await artifactOf(makeRelease({ version, rootfsBytes: ROOTFS_BYTES }));
      writeFileSync(at(`${version}.oci`), image);
      const command = [BINARY, 'stage', source, '--volume', at('volume.img'), '--key', at('release.pub')];
      const { status, err, peakKib } = await measureMemory(
        source === '-' ? ['/bin/sh', '-c', 'cat "$0" | "$@"', at(`${version}.oci`), ...command] : command,
      );
      expect({ status, err }).toMatchObject({ status: 0 });
      expect(peakKib).toBeLessThanOrEqual(MAX_RESIDENT_KIB);
    }
  });
});
