import { describe, expect, it } from 'vitest';

import type { GraphNode } from '../../src/graph/graph.ts';
import { assertMachine } from '../../src/engine/elf-machine.ts';
import type { Member } from '../../src/layer/members.ts';
import { errorOf } from '../support.ts';
import { fileNode } from './support.ts';

const [EXECUTABLE, SHARED, OBJECT] = [2, 3, 1];
const [I386, ARM, X86_64, AARCH64, RISCV] = [3, 40, 62, 183, 243];

/** The first bytes of an ELF file (elf(5)). */
function elf(machine: number, { bits = 64, type = EXECUTABLE, isBig = false } = {}): Uint8Array {
  const bytes = Buffer.alloc(64);
  bytes.write('\u007FELF', 'latin1');
  bytes.writeUInt8(bits / 32, 4);
  bytes.writeUInt8(isBig ? 2 : 1, 5);
  for (const [value, at] of [
    [type, 16],
    [machine, 18],
  ] as const) {
    if (isBig) bytes.writeUInt16BE(value, at);
    else bytes.writeUInt16LE(value, at);
  }
  return bytes;
}

function file(bytes: Uint8Array, path = 'usr/bin/hello'): Member {
  const what = { type: 'file', size: bytes.length, read: () => Promise.resolve(bytes) } as const;
  return { path, mode: 0o755, uid: 0, gid: 0, what };
}

function nodeFor(platform: GraphNode['platform']): GraphNode {
  return fileNode('hello', '', { platform, id: `hello@${platform}` });
}

describe('assertMachine()', () => {
  it.each([
    ['x86_64', elf(X86_64)],
    ['aarch64', elf(AARCH64, { type: SHARED })],
    ['riscv64', elf(RISCV)],
    ['armv7', elf(ARM, { bits: 32 })],
  ] as const)('takes programs for %s', async (platform, bytes) => {
    await expect(assertMachine(nodeFor(platform), [file(bytes)])).resolves.toBeUndefined();
  });

  it('does not read what its owner may not, for that would change its mode', async () => {
    const unread = { ...file(new Uint8Array()), mode: 0o011 };
    const what = { type: 'file', size: 64, read: () => Promise.reject(new Error('read')) } as const;
    await expect(assertMachine(nodeFor('aarch64'), [{ ...unread, what }])).resolves.toBeUndefined();
  });

  it('says which slice has which file for which processor, and the way out', async () => {
    const { code, message, hint, facts } = await errorOf(
      assertMachine(nodeFor('aarch64'), [file(elf(AARCH64), 'usr/bin/good'), file(elf(X86_64))]),
    );
    expect(code).toBe('OUTPUT_INVALID');
    expect(message).toBe(
      'Cannot use the build of hello@aarch64: /out/usr/bin/hello is a program for x86_64, not for aarch64',
    );
    expect(hint).toContain('"$CC"');
    expect(facts).toEqual({
      node: 'hello@aarch64',
      path: '/out/usr/bin/hello',
      found: 'x86_64',
      expected: 'aarch64',
    });
  });

  it.each([
    ['x86_64', elf(I386, { bits: 32 }), 'i386'],
    ['x86_64', elf(X86_64, { bits: 32 }), 'x86_64 with 32 bits'],
    ['riscv64', elf(RISCV, { bits: 32 }), 'riscv64 with 32 bits'],
    ['aarch64', elf(AARCH64, { isBig: true }), 'aarch64, big-endian'],
    ['armv7', elf(0x15, { bits: 64, isBig: true }), 'ELF machine 21, big-endian'],
  ] as const)('refuses for %s what it cannot run', async (platform, bytes, found) => {
    const error = await errorOf(assertMachine(nodeFor(platform), [file(bytes)]));
    expect(error.facts).toMatchObject({ found, expected: platform });
  });

  it.each([
    ['an object, as BPF programs are', file(elf(247, { type: OBJECT }))],
    ['firmware of another processor', file(elf(ARM, { bits: 32 }), 'usr/lib/firmware/dsp.elf')],
    ['a script', file(Buffer.from('#!/bin/sh\n'))],
    ['what is cut short', file(elf(X86_64).subarray(0, 19))],
    ['an empty file', file(new Uint8Array())],
  ])('passes over %s', async (_, member) => {
    await expect(assertMachine(nodeFor('riscv64'), [member])).resolves.toBeUndefined();
  });

  it('asks nothing of what runs where it is built', async () => {
    await expect(assertMachine(nodeFor('host'), [file(elf(I386))])).resolves.toBeUndefined();
  });
});
