/** `localFiles()` and `localDigest()` over what a directory may hold. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, onTestFinished, test } from 'vitest';

import { defineBoard } from '../src/define/board.ts';
import { defineProfile } from '../src/define/profile.ts';
import { defineSlice } from '../src/define/slice.ts';
import { localSource } from '../src/define/source.ts';
import { evaluate } from '../src/graph/evaluate.ts';
import { localDigest, localFiles } from '../src/graph/local-digest.ts';
import { errorOf, scratchDirectory } from './support.ts';

/** A directory with a program, a link to nowhere and a directory with a file in it. */
async function tree(): Promise<string> {
  const root = await scratchDirectory();
  await mkdir(join(root, 'doc/empty'), { recursive: true });
  await writeFile(join(root, 'doc/text'), 'a text\n');
  await writeFile(join(root, 'run'), '#!/bin/sh\n');
  await chmod(join(root, 'run'), 0o755);
  await symlink('../nowhere', join(root, 'link'));
  return root;
}

async function socketAt(path: string): Promise<void> {
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
}

async function pipeAt(path: string): Promise<void> {
  await promisify(execFile)('mkfifo', [path]);
}

test('localFiles() lists files and links, sorted, and the same digest comes of the same tree elsewhere', async () => {
  const root = await tree();
  expect(await localFiles(root)).toEqual([
    { path: 'doc/text', executable: false },
    { path: 'link', executable: false, target: '../nowhere' },
    { path: 'run', executable: true },
  ]);
  expect(await localDigest(await tree())).toBe(await localDigest(root));
});

describe.each([
  ['a named pipe', pipeAt],
  ['a socket', socketAt],
])('%s in a local source', (kind, make) => {
  test('is an error that names it, and is never read', async () => {
    const root = await tree();
    const path = join(root, 'doc/odd');
    await make(path);
    const { code, message, hint } = await errorOf(localDigest(root));
    expect([code, message]).toEqual(['SLICE_INVALID', `Cannot read ${path}: it is ${kind}`]);
    expect(hint).toContain('Remove it');
  });

  test('is told of with slice, field and file when the tree is evaluated', async () => {
    const root = await tree();
    const path = join(root, 'odd');
    await make(path);
    const slice = defineSlice({
      name: 'sample',
      version: '1',
      license: 'MIT',
      summary: 'A slice for a test',
      source: localSource(root),
      build: () => ({ kind: 'entries', entries: [] }),
      outputs: { runtime: [''] },
    });
    const summary = 'For a test';
    const profile = defineProfile({ name: 'test', summary, slices: [slice] });
    const board = defineBoard({ name: 'test', summary, target: 'x86_64', kernel: () => [], commandLine: '' });
    const { code, message, hint, facts } = await errorOf(evaluate({ profile, board }));
    expect([code, message]).toEqual([
      'SLICE_INVALID',
      expect.stringMatching(
        `^Cannot use slice "sample": source: Cannot read ${path}: it is ${kind} \\(.*local-digest\\.slow\\.test\\.ts:\\d+\\)$`,
      ),
    ]);
    expect(hint).toContain('Remove it');
    expect(facts).toMatchObject({ slice: 'sample', field: 'source' });
  });
});

describe('a local source that is itself', () => {
  test.each([
    ['a named pipe', pipeAt],
    ['a socket', socketAt],
    ['a symbolic link', (path: string) => symlink('.', path)],
  ])('%s is an error that names it', async (kind, make) => {
    const path = join(await scratchDirectory(), 'odd');
    await make(path);
    expect((await errorOf(localDigest(path))).message).toBe(`Cannot read ${path}: it is ${kind}`);
  });

  test('a device without an end is an error that names it', async () => {
    expect((await errorOf(localDigest('/dev/zero'))).message).toBe('Cannot read /dev/zero: it is a device');
  });
});
