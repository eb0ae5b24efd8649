import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadConfig } from '../src/config/load-config.ts';
import { cocon } from './support/cocon.ts';
import { scratchDirectory } from './support/scratch.ts';

const scratch = scratchDirectory();

function configured(text: string): string {
  const directory = scratch('config');
  mkdirSync(join(directory, 'below/this'), { recursive: true });
  writeFileSync(join(directory, 'cocon.config.ts'), text);
  return directory;
}

describe('loadConfig()', () => {
  it('fills in every default when there is no file', async () => {
    const directory = scratch('nothing');
    mkdirSync(directory);
    const { config, path } = await loadConfig(directory);
    expect(path).toBeUndefined();
    expect(config).toMatchObject({
      architecture: 'amd64',
      seal: { attempts: 3, compression: { algorithm: 'lz4hc' } },
      image: { volume: { slots: 3 }, data: { sizeBytes: 64 * 2 ** 20 } },
    });
  });

  it('finds the file upwards and counts its paths from its directory', async () => {
    const directory = configured(
      `export default { name: 'gateway', image: { volume: { sizeBytes: '1GiB' } } };`,
    );
    const loaded = await loadConfig(join(directory, 'below/this'));
    expect(loaded.config).toMatchObject({ name: 'gateway', image: { volume: { sizeBytes: 2 ** 30 } } });
    expect(loaded.resolvePath('release.key')).toBe(join(directory, 'release.key'));
  });

  it.for([
    [
      'an unknown key',
      `export default { sael: {} };`,
      /"sael": unknown key, wanted name, version, architecture, seal/,
    ],
    [
      'an unknown key further in',
      `export default { seal: { limits: { ratios: 1 } } };`,
      /"seal\.limits\.ratios": unknown key, wanted totalBytes, ratio, entries/,
    ],
    [
      'an unknown key behind a union',
      `export default { image: { data: { size: 1 } } };`,
      /"image\.data.*sizeBytes/,
    ],
    [
      'a wrong type',
      `export default { seal: { attempts: 'three' } };`,
      /"seal\.attempts": expected number, received string/,
    ],
    ['a value out of range', `export default { seal: { attempts: 16 } };`, /"seal\.attempts": .*15/],
    ['a wrong word', `export default { architecture: 'x86' };`, /"architecture": .*amd64.*arm64/],
    [
      'a size that is none',
      `export default { image: { espBytes: 'big' } };`,
      /"image\.espBytes": expected a size like "64MiB"/,
    ],
    ['several faults at once', `export default { name: 1, version: 2 };`, /"name": .*; "version": /],
    ['no default export', `export const config = {};`, /no default export/],
    ['a syntax error', `export default {`, /./],
  ] as const)('refuses %s and says where and what was wanted', async ([, text, message]) => {
    const directory = configured(text);
    await expect(loadConfig(directory)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('refuses a named file that is not there', async () => {
    await expect(loadConfig(scratch('x'), 'other.ts')).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });
});

describe('cocon seal', () => {
  it.for([
    ['--attempts', '0', /"seal\.attempts"/],
    ['--security-version', '-1', /"seal\.securityVersion"/],
    ['--command-line', 'quiet "x"', /"seal\.commandLine": expected printable ASCII/],
    ['--architecture', 'x86', /"architecture"/],
    ['--name', 'n'.repeat(65), /"name"/],
  ] as const)('checks %s by the rules of the file', async ([option, value, message]) => {
    const run = await cocon(scratch('x'), 'seal', 'image', `${option}=${value}`, '--json');
    expect(JSON.parse(run.out)).toMatchObject({
      error: { code: 'CONFIG_INVALID', message: expect.stringMatching(message) as unknown },
    });
    expect(run.status).toBe(1);
  });
});
