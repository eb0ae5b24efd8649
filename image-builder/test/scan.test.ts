import { describe, expect, test } from 'vitest';

import { scanTar } from '../src/tar/scan.ts';
import { entry, file, tarOf } from './support/layout.ts';

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

describe('scanTar()', () => {
  /** Found by fuzzing: the scan never ended, and with it the process did, without a word. */
  test('passes over the size that a directory has in its header, as every reader does', async () => {
    const tar = await tarOf([entry('etc/', 'directory', { size: 0 }), file('etc/motd')]);
    tar.write('00000007000\0', 124, 'latin1');
    tar.fill(' ', 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const names: string[] = [];
    await expect(scanTar(inOnePiece(tar), ({ name }) => names.push(name))).resolves.toBe(2);
    expect(names).toEqual(['etc/', 'etc/motd']);
  });
});
