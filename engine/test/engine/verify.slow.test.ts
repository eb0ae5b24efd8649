import { readdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { buildGraph } from '../../src/engine/build.ts';
import { fsck } from '../../src/engine/fsck.ts';
import { firstDifference } from '../../src/engine/layer-difference.ts';
import { verify } from '../../src/engine/verify.ts';
import type { GraphNode } from '../../src/graph/graph.ts';
import { localDigest } from '../../src/graph/local-digest.ts';
import { layerOf } from '../../src/layer/layer-tar.ts';
import { membersOfEntries } from '../../src/layer/members.ts';
import type { GivenEntry } from '../../src/layer/members.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { freshCache, graphOf, stepsNode } from './support.ts';

/** A node, built and verified. */
async function verified(node: GraphNode) {
  const cache = await freshCache();
  await buildGraph(graphOf([node]), { cache, lock });
  const before = await fsck(cache);
  const [result] = await verify(graphOf([node]), [node.id], { cache, lock, events: () => {} });
  expect(await fsck(cache)).toEqual(before);
  expect(await readdir(join(cache.work, 'verify'))).toEqual([]);
  return result;
}

describe('verify()', () => {
  test('finds the same bytes where a build depends on its inputs alone', async () => {
    const node = stepsNode('sample', ['date >/out/date; pwd >/out/place; echo hello >/out/hello']);
    expect(await verified(node)).toMatchObject({ node: 'sample@x86_64', same: true });
  });

  test('names the first member and byte of a build that depends on chance', async () => {
    const node = stepsNode('sample', [
      'echo same >/out/a; { echo id; od -An -N8 -tx1 /dev/urandom; } >/out/b; cp /out/b /out/c',
    ]);
    const result = await verified(node);
    expect(result?.same).toBe(false);
    expect(result?.outputs[0]?.difference).toMatch(/^b: byte [3-9]: ".*" -> ".*"$/);
  });

  test('notices a build that depends on the number of processors', async () => {
    // With a single one there is no other number to try.
    if (availableParallelism() === 1) return;
    const node = stepsNode('sample', ['nproc >/out/processors']);
    const result = await verified(node);
    expect(result?.outputs[0]?.difference).toMatch(/^processors: byte 0: ".*" -> "1\\n"$/);
  });

  test('goes on after a node that cannot be built again', async () => {
    const cache = await freshCache();
    const path = join(await scratchDirectory(), 'local');
    await writeFile(path, 'one');
    const source = { kind: 'local', path, digest: await localDigest(path) } as const;
    const graph = graphOf([
      stepsNode('first', ['cp source /out/'], { source }),
      stepsNode('second', ['touch /out/x']),
    ]);
    await buildGraph(graph, { cache, lock });
    await writeFile(path, 'two');
    const ids = graph.nodes.map(({ id }) => id);
    const results = await verify(graph, ids, { cache, lock, events: () => {} });
    expect(results.map(({ same, failure }) => [same, failure?.code])).toEqual([
      [false, 'SOURCE_CHANGED'],
      [true, undefined],
    ]);
  });

  test('wants a node that is built', async () => {
    const cache = await freshCache();
    const node = stepsNode('sample', ['touch /out/x']);
    const error = await errorOf(verify(graphOf([node]), [node.id], { cache, lock, events: () => {} }));
    expect([error.code, error.hint]).toEqual([
      'SLICE_NOT_FOUND',
      'Build it first: cocon build --target sample@x86_64',
    ]);
  });
});

describe('firstDifference()', () => {
  const file = { type: 'file', path: 'bin/a', mode: 0o755, contents: 'text' } as const;
  test.each<readonly [string, readonly GivenEntry[], readonly GivenEntry[]]>([
    ['bin/a: mode 755 -> 644', [file], [{ ...file, mode: 0o644 }]],
    ['bin/a: owner 0:0 -> 0:5', [file], [{ ...file, gid: 5 }]],
    ['bin/a: byte 4 (of 4 and 6 bytes): its end -> "er"', [file], [{ ...file, contents: 'texter' }]],
    ['bin/a: byte 1: "ext" -> 00ff74', [file], [{ ...file, contents: Buffer.from('7400ff74', 'hex') }]],
    ['bin/a: type file -> symlink', [file], [{ type: 'symlink', path: 'bin/a', target: 'b' }]],
    ['bin/b: only in the stored layer', [file, { ...file, path: 'bin/b' }], [file]],
    ['a: only in the rebuilt layer', [file], [{ ...file, path: 'a' }, file]],
  ])('says "%s"', async (expected, one, two) => {
    const scratch = await scratchDirectory();
    const [first, second] = [join(scratch, 'one.tar'), join(scratch, 'two.tar')];
    await writeFile(first, layerOf(membersOfEntries(one)));
    await writeFile(second, layerOf(membersOfEntries(two)));
    expect(await firstDifference(first, second)).toBe(expected);
  });
});
