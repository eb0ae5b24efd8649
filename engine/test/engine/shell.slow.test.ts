/** `openWorkspace()`, `shell()` and `resume()`, with commands on standard input in place of a person. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { CacheDirectory } from '../../src/cache-directory.ts';
import { failedPlace, type NodeJob } from '../../src/engine/build-node.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { gc } from '../../src/engine/gc.ts';
import { planOf } from '../../src/engine/plan.ts';
import { openWorkspace } from '../../src/engine/shell.ts';
import { treeState } from '../../src/engine/state.ts';
import { openStore } from '../../src/engine/store.ts';
import { jobFor } from '../../src/engine/verify.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { freshCache, graphOf, stepsNode } from './support.ts';

/** What the shell's process prints. */
async function shellWith(
  cache: CacheDirectory,
  graph: Graph,
  commands: string,
  wish = '',
): Promise<readonly string[]> {
  const file = join(await scratchDirectory(), 'graph.json');
  await writeFile(file, JSON.stringify(graph));
  const program = join(import.meta.dirname, 'shell-process.ts');
  const child = spawn(process.execPath, [program, cache.root, file, 'sample@x86_64', wish], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.on('data', (data) => void (text += String(data)));
  child.stdin.end(commands);
  await once(child, 'close');
  return text.trimEnd().split('\n');
}

/** A job of the one node of a graph, built or not. */
async function jobOf(cache: CacheDirectory, graph: Graph): Promise<NodeJob> {
  const store = openStore(cache.store);
  const states = await treeState(planOf(graph), store, lock);
  const [state] = states.values();
  if (state === undefined) throw new Error('the graph has no node');
  return jobFor(state, states, store, { cache, lock, events: () => {} });
}

const library = stepsNode('library', ['echo 1 >/out/value'], { outputs: { dev: [''] } });
const needs = [library.id];

describe('cocon shell', () => {
  test('opens the place where the build failed, with all that the step saw', async () => {
    const cache = await freshCache();
    const sample = stepsNode('sample', ['echo made >made', 'grep 2 /needs/library/value', 'cp made /out/'], {
      needs,
    });
    const graph = graphOf([library, sample]);
    await errorOf(buildGraph(graph, { cache, lock }));
    const lines = await shellWith(
      cache,
      graph,
      'cat made /needs/library/value; pwd; ls /tmp/steps; date +%Y; exec 3<>/dev/tcp/1.1.1.1/80 || echo no network\n',
    );
    expect(lines).toEqual([
      '{"failed":true,"changed":false,"step":"step 2"}',
      'made',
      '1',
      '/build',
      '1-step-1',
      '2-step-2',
      '3-step-3',
      '2025',
      'no network',
    ]);
  });

  test('runs the failed step and the rest after the shell, and stores nothing', async () => {
    const cache = await freshCache();
    const graph = graphOf([
      library,
      stepsNode('sample', ['true', 'test -e mended', 'cp mended /out/'], { needs }),
    ]);
    await errorOf(buildGraph(graph, { cache, lock }));
    const store = openStore(cache.store);
    const keys = await store.keys();
    expect((await shellWith(cache, graph, 'exit 1\n', 'resume')).at(-1)).not.toBe('resumed');
    expect((await shellWith(cache, graph, 'true\n', 'resume')).join('\n')).toContain(
      'BUILD_FAILED: Cannot build sample@x86_64: step "step 2" ended with 1',
    );
    expect((await shellWith(cache, graph, 'touch mended\n', 'resume')).at(-1)).toBe('resumed');
    expect(await store.keys()).toEqual(keys);
    expect((await errorOf(buildGraph(graph, { cache, lock }))).code).toBe('BUILD_FAILED');
  });

  test('goes on with the steps of a definition that was changed since', async () => {
    const cache = await freshCache();
    await errorOf(
      buildGraph(graphOf([library, stepsNode('sample', ['touch one', 'false'], { needs })]), { cache, lock }),
    );
    const mended = graphOf([library, stepsNode('sample', ['touch one', 'cp one /out/'], { needs })]);
    expect(await shellWith(cache, mended, '', 'resume')).toEqual([
      '{"failed":true,"changed":true,"step":"step 2"}',
      'resumed',
    ]);
  });

  test('keeps what it shows from being collected until it is closed', async () => {
    const cache = await freshCache();
    const isUsed = (): boolean =>
      spawnSync('flock', ['--exclusive', '--nonblock', cache.root, 'true']).status !== 0;
    const graph = graphOf([stepsNode('sample', ['touch made', 'false'])]);
    for (const isFailed of [false, true]) {
      const workspace = await openWorkspace(await jobOf(cache, graph));
      expect([workspace.failed, isUsed()]).toEqual([isFailed, true]);
      await workspace.close();
      expect(isUsed()).toBe(false);
      await errorOf(buildGraph(graph, { cache, lock }));
    }
    await errorOf(openWorkspace(await jobOf(cache, graph), { step: 'no such step' }));
    expect(isUsed()).toBe(false);
  });

  test('keeps what was done by hand when the node is built meanwhile, and puts it back when not', async () => {
    const cache = await freshCache();
    const graph = graphOf([stepsNode('sample', ['touch made', 'false'])]);
    await errorOf(buildGraph(graph, { cache, lock }));
    const job = await jobOf(cache, graph);
    const place = failedPlace(cache, job.node.id);

    const first = await openWorkspace(job);
    await writeFile(join(first.directory, 'by-hand'), 'mended');
    expect(await first.close()).toBeUndefined();
    expect(await readFile(join(place, 'by-hand'), 'utf8')).toBe('mended');

    const second = await openWorkspace(job);
    await errorOf(buildGraph(graph, { cache, lock }));
    expect(await readFile(join(second.directory, 'by-hand'), 'utf8')).toBe('mended');
    expect(await second.close()).toBe(`${place}.older`);
    expect(await readFile(join(`${place}.older`, 'by-hand'), 'utf8')).toBe('mended');
    expect(await readdir(place)).not.toContain('by-hand');

    const third = await openWorkspace(job);
    await buildGraph(graphOf([stepsNode('sample', ['touch /out/made'])]), { cache, lock });
    expect(await third.close()).toBe(`${place}.older`);
    expect(await readdir(join(cache.work, 'failed'))).toEqual(['sample@x86_64.older']);
    expect(
      (await gc(cache, { keep: [graph], keepAllOf: [], lock, sources: false, dryRun: false })).removed,
    ).toContainEqual(expect.objectContaining({ kind: 'workspace', path: `${place}.older` }));
  });

  test.each(['shell', 'build'])('puts back what a killed shell had taken, by the next %s', async (next) => {
    const cache = await freshCache();
    const graph = graphOf([stepsNode('sample', ['touch made', 'false'])]);
    await errorOf(buildGraph(graph, { cache, lock }));
    const job = await jobOf(cache, graph);
    const { directory } = await openWorkspace(job);
    await writeFile(join(directory, 'by-hand'), 'mended');
    await rename(directory, directory.replace(/draft-\d+/, 'draft-99999999'));
    if (next === 'build') await buildGraph(graphOf([library]), { cache, lock });
    const again = await openWorkspace(job);
    expect([again.failed, await readFile(join(again.directory, 'by-hand'), 'utf8')]).toEqual([
      true,
      'mended',
    ]);
  });

  test.each(['sound', 'broken'])(
    'says that nothing can be written in a read-only cache, of a %s node',
    async (kind) => {
      const cache = await freshCache();
      const graph = graphOf([stepsNode('sample', ['touch /out/made', kind === 'sound' ? 'true' : 'false'])]);
      await buildGraph(graph, { cache, lock }).catch(() => {});
      const file = join(await scratchDirectory(), 'graph.json');
      await writeFile(file, JSON.stringify(graph));
      const script = `
mount --rbind ${cache.root} ${cache.root}; mount -o remount,ro,bind ${cache.root}
exec ${process.execPath} ${join(import.meta.dirname, 'shell-process.ts')} ${cache.root} ${file} sample@x86_64`;
      const unshare = ['--user', '--map-root-user', '--mount', 'bash', '-euc', script];
      const { stdout } = spawnSync('unshare', unshare, { encoding: 'utf8' });
      expect(stdout).toMatch(/^CACHE_UNUSABLE: Cannot write .+\/work.*: EROFS/);
    },
  );

  test('opens a fresh workspace before a step, and removes it', async () => {
    const cache = await freshCache();
    const graph = graphOf([
      library,
      stepsNode('sample', ['touch one', 'touch two', 'cp one /out/'], { needs }),
    ]);
    await buildGraph(graph, { cache, lock });
    expect(await shellWith(cache, graph, 'ls; ls /out\n', 'step 3')).toEqual([
      '{"failed":false,"changed":false,"step":"step 3"}',
      'one',
      'two',
    ]);
    expect(await shellWith(cache, graph, 'ls\n')).toEqual([
      '{"failed":false,"changed":false,"step":"step 1"}',
    ]);
    expect(await shellWith(cache, graph, '', 'no such step')).toEqual([
      'NAME_UNKNOWN: Cannot find the step "no such step" of sample@x86_64',
    ]);
    expect(await readdir(cache.work)).toEqual([]);
  });
});
