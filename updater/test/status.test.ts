import { readFileSync } from 'node:fs';

import { commit, noteProgress, rollback, type Volume } from '@cocon-os/sdfs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { readStatus } from '../src/index.ts';
import { statusSchema } from '../src/status-schema.ts';
import { makeRelease } from './support/release.ts';
import { install, memoryVolume } from './support/volume.ts';

const published = JSON.parse(
  readFileSync(new URL('../schema/status.schema.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: true }).compile(published);

/** The report as a program receives it, after it was found valid. */
function statusOf(volume: Volume, running?: number): ReturnType<typeof readStatus> {
  const report: unknown = JSON.parse(JSON.stringify(readStatus({ path: 'disk.img', volume, running })));
  expect(validate(report) ? [] : validate.errors).toEqual([]);
  return statusSchema.parse(report);
}

const first = makeRelease({ version: '1.0.0', securityVersion: 4 });
const second = makeRelease({ version: '2.0.0', securityVersion: 5 });

describe('readStatus()', () => {
  test('describes an empty volume', () => {
    expect(statusOf(memoryVolume())).toMatchObject({
      schema: 'cocon.status/1',
      running: null,
      next: null,
      failures: [],
      slots: [
        { slot: 0, state: 'empty', digest: null, release: null, problem: null, explanation: 'holds nothing' },
        { slot: 1, state: 'empty' },
        { slot: 2, state: 'empty' },
      ],
    });
  });

  test('tells what runs, what boots next, and the floor', () => {
    const volume = memoryVolume();
    commit(volume, install(volume, first));
    install(volume, second);
    expect(statusOf(volume, 0)).toMatchObject({
      volume: { label: 'test', writable: true, floor: 4 },
      running: 0,
      next: 1,
      slots: [
        {
          state: 'confirmed',
          running: true,
          next: false,
          digest: first.digest,
          release: { name: 'cocon-test', version: '1.0.0', architecture: 'amd64', securityVersion: 4 },
          wasConfirmed: true,
          explanation: 'confirmed, and running',
        },
        {
          state: 'trial',
          running: false,
          next: true,
          attempts: { left: 3, total: 3 },
          explanation: 'staged, 3 attempts granted, not started yet',
        },
        { state: 'empty' },
      ],
    });
  });

  test('tells what failed, how far it got and why', () => {
    const volume = memoryVolume();
    commit(volume, install(volume, first));
    const slot = install(volume, second);
    noteProgress(volume, slot, { progress: 'init' });
    rollback(volume, slot, { detail: 'too loud' });
    expect(statusOf(volume)).toMatchObject({
      next: 0,
      slots: [
        {},
        {
          state: 'failed',
          progress: 'init',
          reason: 'rollback',
          detail: 'too loud',
          explanation: 'given up on request: too loud',
        },
        {},
      ],
      failures: [
        {
          digest: second.digest,
          progress: 'init',
          reason: 'rollback',
          detail: 'too loud',
          explanation: 'given up on request: too loud',
        },
      ],
    });
  });

  test('says why a slot cannot be described, and describes the others', () => {
    const volume = memoryVolume();
    commit(volume, install(volume, first));
    const slot = install(volume, second);
    volume.device.write(volume.slot(slot).descriptorBlock * 4096, new Uint8Array(4096));
    expect(statusOf(volume)).toMatchObject({
      slots: [
        { problem: null },
        { release: null, digest: second.digest, problem: { code: 'SDFS_BAD_MAGIC' } },
        {},
      ],
    });
  });
});

describe('status.schema.json', () => {
  test('is what status-schema.ts says (npm run schema -w updater writes it)', () => {
    expect(published).toMatchObject(z.toJSONSchema(statusSchema));
  });

  test('refuses a field more and a field less', () => {
    const report = readStatus({ path: 'x', volume: memoryVolume(), running: undefined });
    expect(validate({ ...report, more: 1 })).toBe(false);
    expect(validate({ ...report, next: undefined })).toBe(false);
  });
});
