import { writeFileSync } from 'node:fs';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { findFirmware } from '../src/find-firmware.ts';
import { findEmulator } from '../src/find-program.ts';
import { makeScratch } from '../src/scratch.ts';
import { accelerator, timeLimit } from '../src/settings.ts';

afterEach(() => vi.unstubAllEnvs());

describe('findFirmware()', () => {
  test('takes what it is given before what the environment names', () => {
    using scratch = makeScratch('find');
    const code = scratch.file('code.fd');
    const variables = scratch.file('vars.fd');
    writeFileSync(code, '');
    writeFileSync(variables, '');
    vi.stubEnv('COCON_UEFI_CODE', '/nowhere/code.fd');
    expect(findFirmware('x86_64', { code, variables })).toEqual({ code, variables });
  });

  test('finds what the distribution has installed', () => {
    expect(findFirmware('x86_64').code).toMatch(/\.(fd|bin)$/);
  });

  test('names the places it looked at and the package to install', () => {
    vi.stubEnv('COCON_UEFI_CODE', '/nowhere/code.fd');
    vi.stubEnv('COCON_UEFI_VARS', '/nowhere/vars.fd');
    expect(() => findFirmware('x86_64')).toThrow(
      expect.objectContaining({
        code: 'FIRMWARE_NOT_FOUND',
        message: expect.stringContaining('/nowhere/code.fd with /nowhere/vars.fd'),
        hint: expect.stringContaining('ovmf'),
      }),
    );
  });
});

describe('findEmulator()', () => {
  test('finds it in PATH', () => {
    expect(findEmulator('x86_64')).toMatch(/qemu-system-x86_64$/);
  });

  test('names the package to install', () => {
    vi.stubEnv('PATH', '/nowhere');
    expect(() => findEmulator('x86_64')).toThrow(
      expect.objectContaining({ code: 'QEMU_NOT_FOUND', hint: expect.stringContaining('qemu-system-x86') }),
    );
  });
});

describe('accelerator()', () => {
  test('is tcg unless kvm is asked for', () => {
    vi.stubEnv('COCON_QEMU_ACCEL', undefined);
    expect(accelerator()).toBe('tcg');
    vi.stubEnv('COCON_QEMU_ACCEL', 'kvm');
    expect(accelerator()).toBe('kvm');
  });

  test('refuses another word', () => {
    vi.stubEnv('COCON_QEMU_ACCEL', 'xen');
    expect(accelerator).toThrow(expect.objectContaining({ code: 'QEMU_BAD_OPTION' }));
  });
});

describe('timeLimit()', () => {
  test('is multiplied by COCON_TIMEOUT_FACTOR', () => {
    vi.stubEnv('COCON_TIMEOUT_FACTOR', '2.5');
    expect(timeLimit(1000)).toBe(2500);
  });

  test.each(['0', '-1', 'much'])('refuses a factor of %s', (factor) => {
    vi.stubEnv('COCON_TIMEOUT_FACTOR', factor);
    expect(() => timeLimit(1000)).toThrow(expect.objectContaining({ code: 'QEMU_BAD_OPTION' }));
  });
});
