/** `isDiskFull()` on small disks of the kernel's own, which only a process in namespaces of its own can mount. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { failedPlace } from '../../src/engine/build-node.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { exists } from '../../src/files.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { freshCache, graphOf, stepsNode } from './support.ts';

const SAID = 'cp: error writing: No space left on device';
const QUOTA = 'cp: error writing: Disk quota exceeded';

/** What is said of a failure with those words on a disk that was mounted with `options` and filled by `script`. */
async function fullDisk(options: string, script: string, words: string): Promise<string> {
  const program = join(import.meta.dirname, 'disk-full-process.ts');
  const run = `mount -t tmpfs -o ${options} none . && cd "$PWD" && { ${script}; } && exec "$0" "$@"`;
  const { stdout } = await promisify(execFile)(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'bash', '-euc', run, process.execPath, program, '.', words],
    { cwd: await scratchDirectory() },
  );
  return stdout;
}

const ROOMY = 'size=2g,nr_inodes=100k';

describe('isDiskFull()', () => {
  test.each([
    [
      'a step says so and the last block is taken',
      'size=1m',
      'cat /dev/zero >x 2>/dev/null || true',
      SAID,
      '0 B',
    ],
    ['a step says so and has then removed what did not fit', 'size=16m', 'true', SAID, '16 MiB'],
    [
      'a step says so and there are hardly any inodes left',
      'size=2g,nr_inodes=500',
      'true',
      SAID,
      String.raw`4\d\d inodes`,
    ],
    [
      'a step says nothing and the last block is taken',
      'size=1m',
      'cat /dev/zero >x 2>/dev/null || true',
      '',
      '0 B',
    ],
    [
      'a step says nothing and the last inode is taken',
      'size=2g,nr_inodes=50',
      'for n in {1..99}; do : >$n || true; done 2>/dev/null',
      '',
      '0 inodes',
    ],
  ])('is so when %s', async (_, options, script, words, left) => {
    expect(await fullDisk(options, script, words)).toMatch(
      new RegExp(`^Cannot build: the disk of \\. is full, ${left} are left$`),
    );
  });

  test.each([
    ['a step says so on a disk with room', ROOMY, SAID],
    ['a step has met a quota of something else', ROOMY, QUOTA],
    ['a step says nothing on a small disk', 'size=16m,nr_inodes=500', 'no such header'],
  ])('is not so when %s', async (_, options, words) => {
    expect(await fullDisk(options, 'true', words)).toBe('');
  });
});

test('a step that prints what a full disk prints, and has all room, has failed like any other', async () => {
  const cache = await freshCache();
  const node = stepsNode('sample', [`echo "${SAID}"; exit 1`]);
  const { code, message } = await errorOf(buildGraph(graphOf([node]), { cache, lock }));
  expect([code, message]).toEqual([
    'BUILD_FAILED',
    `Cannot build sample@x86_64: step "step 1" ended with 1\n  ${SAID}`,
  ]);
  expect(await exists(failedPlace(cache, node.id))).toBe(true);
});
