import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

const FILES = join(import.meta.dirname, '../../slices/base-files/files/etc');

describe('base-files', () => {
  const scripts = readdirSync(FILES, { recursive: true, encoding: 'utf8' }).filter((path) => {
    try {
      return readFileSync(join(FILES, path), 'utf8').startsWith('#!');
    } catch {
      return false;
    }
  });

  it.each(scripts)('has a script %s that a shell can read', (path) => {
    expect(() => execFileSync('sh', ['-n', join(FILES, path)], { stdio: 'pipe' })).not.toThrow();
  });

  it('has every program that the init table starts', () => {
    const table = readFileSync(join(FILES, 'inittab'), 'utf8');
    const own = [...table.matchAll(/:\/etc\/(\S+)$/gm)].map(([, path]) => path);
    expect(own).toEqual(['cocon/boot', 'cocon/confirm', 'cocon/services', 'cocon/console', 'cocon/shutdown']);
    expect(scripts).toEqual(expect.arrayContaining(own));
  });
});
