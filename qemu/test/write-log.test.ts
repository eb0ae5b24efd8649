/** The log is written by QEMU's own driver, through qemu-io. */
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';

import { afterAll, describe, expect, test } from 'vitest';

import { makeScratch } from '../src/scratch.ts';
import { readWriteLog } from '../src/write-log.ts';

const scratch = makeScratch('write-log');
afterAll(() => scratch[Symbol.dispose]());

function record(name: string, commands: readonly string[]): string {
  const disk = scratch.file(`${name}.img`);
  const log = scratch.file(`${name}.log`);
  writeFileSync(disk, '');
  truncateSync(disk, 1 << 20);
  writeFileSync(log, '');
  const options = `driver=blklogwrites,file.driver=file,file.filename=${disk},log.driver=file,log.filename=${log}`;
  execFileSync('qemu-io', ['--image-opts', options, ...commands.flatMap((command) => ['-c', command])]);
  return log;
}

describe('readWriteLog()', () => {
  test('lists writes and flushes in their order', () => {
    const log = record('order', ['write -P 0xAB 4096 512', 'flush', 'write -P 0xCD 0 8192', 'flush']);
    const requests = readWriteLog(log);
    expect(requests.map(({ kind, offset, length }) => ({ kind, offset, length })).slice(0, 4)).toEqual([
      { kind: 'write', offset: 4096, length: 512 },
      { kind: 'flush', offset: 0, length: 0 },
      { kind: 'write', offset: 0, length: 8192 },
      { kind: 'flush', offset: 0, length: 0 },
    ]);
    const [first] = requests;
    expect(readFileSync(log).subarray(first?.dataOffset).subarray(0, 512)).toEqual(Buffer.alloc(512, 0xab));
  });

  test('knows discards', () => {
    const requests = readWriteLog(record('discard', ['discard 65536 65536', 'write 0 512', 'flush']));
    expect(requests.slice(0, 2)).toMatchObject([
      { kind: 'discard', offset: 65_536, length: 65_536 },
      { kind: 'write' },
    ]);
  });

  test.each([
    ['an empty file', ''],
    ['another file', 'x'.repeat(4096)],
  ])('refuses %s', (_what, content) => {
    const path = scratch.file('other');
    writeFileSync(path, content);
    expect(() => readWriteLog(path)).toThrow(expect.objectContaining({ code: 'WRITE_LOG_INVALID' }));
  });
});
