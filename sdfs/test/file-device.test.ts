import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createImageFile, openFileDevice } from '@cocon-os/sdfs/node';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { codeOf } from './helpers/volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdfs-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

let path = '';
let count = 0;
beforeEach(() => {
  count += 1;
  path = join(folder, `${count}.img`);
  createImageFile(path, 65_536).close();
});

describe('createImageFile()', () => {
  test('makes a sparse file of the size asked for, and never touches one that exists', () => {
    expect([statSync(path).size, statSync(path).blocks]).toEqual([65_536, 0]);
    writeFileSync(path, 'precious');
    expect(codeOf(() => createImageFile(path, 4096))).toBe('VOLUME_EXISTS');
    expect(statSync(path).size).toBe(8);
  });
});

describe('openFileDevice()', () => {
  test('reads what it wrote', () => {
    const device = openFileDevice(path, 'write');
    device.write(4095, Uint8Array.of(7, 8, 9));
    device.flush();
    device.dropCaches();
    const bytes = new Uint8Array(5);
    device.read(4094, bytes);
    device.close();
    expect([...bytes]).toEqual([0, 7, 8, 9, 0]);
  });

  test('stays within the file', () => {
    const device = openFileDevice(path, 'write');
    expect(codeOf(() => device.write(65_535, new Uint8Array(2)))).toBe('SDFS_IO');
    expect(codeOf(() => device.read(65_535, new Uint8Array(2)))).toBe('SDFS_IO');
    device.close();
    expect(statSync(path).size).toBe(65_536);
  });

  test('FILE_NOT_FOUND for a path that is not there, SDFS_IO for a directory', () => {
    expect(codeOf(() => openFileDevice(join(folder, 'missing'), 'read'))).toBe('FILE_NOT_FOUND');
    expect(codeOf(() => openFileDevice(folder, 'write'))).toBe('SDFS_IO');
  });

  test.each(['read', 'write'] as const)(
    'says of a directory and a pipe what they are, and waits for nobody: %s',
    (mode) => {
      const pipe = join(folder, `pipe-${mode}`);
      execFileSync('mkfifo', [pipe]);
      for (const other of [folder, pipe]) {
        expect(() => openFileDevice(other, mode)).toThrow('it is neither a file nor a block device');
      }
    },
  );

  test('FILE_NOT_FOUND for links in a circle', () => {
    const link = join(folder, 'circle');
    symlinkSync('circle', link);
    expect(codeOf(() => openFileDevice(link, 'read'))).toBe('FILE_NOT_FOUND');
  });

  test('FILE_NOT_FOUND for a path below a file', () => {
    expect(codeOf(() => openFileDevice(join(path, 'below'), 'read'))).toBe('FILE_NOT_FOUND');
  });

  test('of a file that one may not open: SDFS_IO and a way out to read, SDFS_READ_ONLY to write', () => {
    chmodSync(folder, 0o755);
    chmodSync(path, 0);
    const opened = (mode: 'read' | 'write') => asNobody(() => thrownBy(() => openFileDevice(path, mode)));
    expect(opened('read')).toMatchObject({
      code: 'SDFS_IO',
      hint: 'You may not read it; try as the owner or as root.',
    });
    expect(opened('write')).toMatchObject({ code: 'SDFS_READ_ONLY' });
  });

  test('SDFS_READ_ONLY when it was opened for reading', () => {
    const device = openFileDevice(path, 'read');
    expect(codeOf(() => device.write(0, new Uint8Array(1)))).toBe('SDFS_READ_ONLY');
    device.close();
  });
});

/** Root may open everything, so somebody else has to try. */
function asNobody<Value>(call: () => Value): Value {
  if (process.geteuid?.() !== 0) return call();
  process.seteuid?.(65_534);
  try {
    return call();
  } finally {
    process.seteuid?.(0);
  }
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (thrown) {
    return thrown;
  }
  return expect.unreachable();
}
