/** Presence between processes: one that is killed, one in a PID namespace of its own, and a cache that is read-only. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { gc } from '../../src/engine/gc.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { fileNode, graphOf } from './support.ts';

const graph = graphOf([fileNode('one', '1')]);
const options = { keep: [graph], keepAllOf: [], lock, sources: false, dryRun: false };

async function builtCache(): Promise<CacheDirectory> {
  const cache = cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
  await buildGraph(graph, { cache, lock });
  return cache;
}

/** A Node that is present until its standard input ends, and a child of it that outlives it. */
const PRESENT = `
import { spawn } from 'node:child_process';
const { presence } = await import('${join(import.meta.dirname, '../../src/engine/presence.ts')}');
await presence({ root: process.argv[1] });
const child = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
console.log(child.pid);
process.stdin.resume();`;
const NODE = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PRESENT];
const ISOLATED = ['--dev-bind', '/', '/', '--unshare-pid', '--die-with-parent', '--proc', '/proc'];

test.each([
  ['in this PID namespace', process.execPath, NODE],
  ['in one of its own', 'bwrap', [...ISOLATED, process.execPath, ...NODE]],
])('presence() %s keeps gc() off until its process is killed', async (_, program, args) => {
  const cache = await builtCache();
  const child = spawn(program, [...args, cache.root], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  const error = await errorOf(gc(cache, options));
  expect([error.code, error.message]).toEqual([
    'STORE_BUSY',
    expect.stringMatching(/^Cannot collect: (process \d+|another process) uses /),
  ]);
  child.kill('SIGKILL');
  await once(child, 'close');
  // Of a PID namespace nothing is left when its first process has ended, which takes its time.
  const waited = spawnSync('flock', ['--exclusive', '--wait', '60', cache.root, 'true']);
  expect(waited.status).toBe(0);
  expect((await gc(cache, options)).kept).toBe(1);
  if (program === process.execPath) process.kill(Number(String(said)));
});

test('buildGraph() reads from a read-only cache, and says when something would have to be written', async () => {
  const cache = await builtCache();
  const home = await scratchDirectory();
  const other = graphOf([fileNode('two', '2')]);
  // Another build of the node is its last one now, as of a slice with other options in another profile.
  await buildGraph(graphOf([fileNode('one', 'with other options')]), { cache, lock });
  for (const [name, each] of Object.entries({ graph, other }))
    await writeFile(join(home, `${name}.json`), JSON.stringify(each));
  const program = join(import.meta.dirname, 'build-process.ts');
  const script = `
mount --bind ${cache.root} ${cache.root}; mount -o remount,ro,bind ${cache.root}
${process.execPath} ${program} ${cache.root} graph.json
${process.execPath} ${program} ${cache.root} other.json || true`;
  const { stdout, stderr } = await promisify(execFile)(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'bash', '-euc', script],
    { cwd: home },
  );
  expect(stdout).toContain('one found');
  expect(stderr.match(/^[A-Z_]+: .*/gm)).toEqual([
    expect.stringMatching(/^(CACHE_UNUSABLE|BUILD_FAILED): Cannot .*EROFS/),
  ]);
});
