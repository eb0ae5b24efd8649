/** The engine with steps in the real sandbox, and what can go wrong on the way. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { cacheDirectory, type CacheDirectory } from '../../src/cache-directory.ts';
import { failedPlace } from '../../src/engine/build-node.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { fsck } from '../../src/engine/fsck.ts';
import { openStore } from '../../src/engine/store.ts';
import type { Graph, GraphNode } from '../../src/graph/graph.ts';
import { readLayer, readLayerFile } from '../../src/layer/read-layer.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { errorOf, scratchDirectory } from '../support.ts';
import { freshCache, graphOf, recorder, stepsNode } from './support.ts';

/** The path of the layer that a node came to. */
async function layerOf(cache: CacheDirectory, node: GraphNode, output: 'runtime' | 'dev' = 'runtime') {
  const built = await buildGraph(graphOf([node]), { cache, lock });
  return openStore(cache.store).pathOf(built.get(node.id)?.outputs[output]?.digest ?? '');
}

/** Nothing half-written: every blob is what its name says, every key has its outputs, and no draft lies around. */
async function expectSound(cache: CacheDirectory): Promise<void> {
  expect((await fsck(cache)).problems).toEqual([]);
}

async function buildProcess(cache: CacheDirectory, graph: Graph): Promise<ChildProcess> {
  const file = join(await scratchDirectory(), 'graph.json');
  await writeFile(file, JSON.stringify(graph));
  const program = join(import.meta.dirname, 'build-process.ts');
  return spawn(process.execPath, [program, cache.root, file], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** All that a process prints, and its exit status. */
async function outcome(child: ChildProcess): Promise<{ text: string; status: number | null }> {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => void (text += String(data)));
  await once(child, 'close');
  return { text, status: child.exitCode };
}

describe('buildGraph() in the sandbox', () => {
  test('gives a need to its dependant and splits what was built into outputs', async () => {
    const cache = await freshCache();
    const library = stepsNode(
      'library',
      ['mkdir -p /out/lib /out/bin; echo 1 >/out/lib/value; echo 2 >/out/bin/tool'],
      {
        outputs: { dev: ['lib'], runtime: ['bin'] },
      },
    );
    const program = stepsNode(
      'program',
      ['cat /needs/library/lib/value >/out/copy; ls -A /needs/library >/out/seen'],
      {
        needs: [library.id],
      },
    );
    const built = await buildGraph(graphOf([library, program]), { cache, lock });
    const layer = openStore(cache.store).pathOf(built.get(program.id)?.outputs.runtime?.digest ?? '');
    expect(String(await readLayerFile(layer, 'copy'))).toBe('1\n');
    expect(String(await readLayerFile(layer, 'seen'))).toBe('lib\n');
    await expectSound(cache);
  });

  test('builds as many nodes at once as it may', async () => {
    const graph = graphOf(['a', 'b', 'c'].map((name) => stepsNode(name, [`sleep 0.2; touch /out/${name}`])));
    for (const jobs of [1, 2]) {
      const { events, seen } = recorder();
      await buildGraph(graph, { cache: await freshCache(), lock, events, jobs });
      let [running, most] = [0, 0];
      for (const { kind } of seen) {
        running += kind === 'started' ? 1 : kind === 'built' ? -1 : 0;
        most = Math.max(most, running);
      }
      expect(most).toBe(jobs);
    }
  });

  test('keeps hard links, and refuses attributes and pipes', async () => {
    const cache = await freshCache();
    const links = await readLayer(
      await layerOf(cache, stepsNode('links', ['cd /out; echo x >b; ln b c; ln b a'])),
    );
    expect(links.map(({ path, what }) => [path, what.type, 'target' in what ? what.target : ''])).toEqual([
      ['a', 'file', ''],
      ['b', 'link', 'a'],
      ['c', 'link', 'a'],
    ]);
    const attribute = await errorOf(
      layerOf(cache, stepsNode('attribute', ['cd /out; touch f; setfattr -n user.a -v b f'])),
    );
    expect([attribute.code, attribute.message]).toEqual([
      'OUTPUT_INVALID',
      'Cannot put "f" of attribute@x86_64 into a layer: it has the extended attribute user.a',
    ]);
    const pipe = await errorOf(layerOf(cache, stepsNode('pipe', ['mkfifo /out/pipe'])));
    expect(pipe.code).toBe('OUTPUT_INVALID');
    const capability = await errorOf(
      layerOf(
        cache,
        stepsNode('capability', [
          'cd /out; touch f; setfattr -n security.capability -v 0x0100000200000000000000000000000000000000 f',
        ]),
      ),
    );
    expect(capability.code).toBe('BUILD_FAILED');
    await expectSound(cache);
  });

  test("refuses a program for the machine that builds in another processor's image", async () => {
    const cache = await freshCache();
    const script = `echo 'int main(void) { return 0; }' >a.c; mkdir -p /out/bin; cc a.c -o /out/bin/a`;
    const wrong = stepsNode('wrong', [script], { id: 'wrong@aarch64', platform: 'aarch64' });
    const { code, message } = await errorOf(layerOf(cache, wrong));
    expect([code, message]).toEqual([
      'OUTPUT_INVALID',
      'Cannot use the build of wrong@aarch64: /out/bin/a is a program for x86_64, not for aarch64',
    ]);
    // What dependants are built with may run here.
    const tool = stepsNode('tool', [script], { ...wrong, outputs: { dev: [''] } });
    await layerOf(cache, tool, 'dev');
    await expectSound(cache);
  });

  test('names the step that failed, the end of its log and the log, and keeps the place', async () => {
    const cache = await freshCache();
    const node = stepsNode('failing', [
      'echo one >/build/made',
      'echo compiling; echo "no such header" >&2; exit 3',
      'true',
    ]);
    const other = stepsNode('other', ['touch /out/x']);
    const { events, words } = recorder();
    const error = await errorOf(buildGraph(graphOf([node, other]), { cache, lock, events }));
    expect(error.code).toBe('BUILD_FAILED');
    expect(error.message).toBe(
      'Cannot build failing@x86_64: step "step 2" ended with 3\n  compiling\n  no such header',
    );
    const log = join(cache.logs, 'failing@x86_64.log');
    expect(error.hint).toContain(log);
    expect(await readFile(log, 'utf8')).toBe('== step 1\n== step 2\ncompiling\nno such header\n');
    expect(words()).toContain('other built');
    const place = failedPlace(cache, node.id);
    expect(await readFile(join(place, 'build/made'), 'utf8')).toBe('one\n');
    expect(JSON.parse(await readFile(join(place, 'failed.json'), 'utf8'))).toMatchObject({
      index: 1,
      step: 'step 2',
    });
    await errorOf(buildGraph(graphOf([node]), { cache, lock }));
    expect(await readdir(join(cache.work, 'failed'))).toEqual(['failing@x86_64']);
    await layerOf(cache, stepsNode('failing', ['touch /out/x']));
    expect(await readdir(join(cache.work, 'failed'))).toEqual([]);
    await expectSound(cache);
  });

  test('leaves nothing half-written when it is killed; the next one sweeps and goes on', async () => {
    const cache = await freshCache();
    const quick = stepsNode('quick', ['echo done >/out/quick'], { outputs: { dev: [''] } });
    const slow = stepsNode('slow', ['echo half >/out/slow; echo begun; test -e /inputs/stop && sleep 600'], {
      needs: [quick.id],
    });
    const stopping = { ...slow, recipe: { ...slow.recipe, inputs: { stop: '' } } } as GraphNode;
    const child = await buildProcess(cache, graphOf([quick, stopping]));
    for await (const data of child.stdout ?? []) if (String(data).includes('begun')) break;
    child.kill('SIGKILL');
    await once(child, 'close');
    const left = await readdir(cache.work);
    expect(left.some((name) => name.startsWith('slow@x86_64.draft-'))).toBe(true);
    await expectSound({ ...cache, work: join(cache.root, 'elsewhere') });

    const whole = stepsNode('slow', ['echo whole >/out/slow'], { needs: [quick.id] });
    const { events, words } = recorder();
    await buildGraph(graphOf([quick, whole]), { cache, lock, events });
    expect(words()).toEqual(['quick found', 'slow started', 'slow built']);
    expect(await readdir(cache.work)).toEqual([]);
    await expectSound(cache);
  });

  test('leaves the last failed build whole or not at all when it is killed while it replaces it', async () => {
    const cache = await freshCache();
    const node = stepsNode('failing', ['false']);
    const place = join(failedPlace(cache, node.id), 'build');
    await mkdir(place, { recursive: true });
    const files = 4000;
    for (let index = 0; index < files; index += 1) await writeFile(join(place, `${index}`), '');
    const child = await buildProcess(cache, graphOf([node]));
    const count = async (): Promise<number | undefined> =>
      readdir(place).then(
        (names) => names.length,
        () => undefined,
      );
    while (child.exitCode === null && (await count()) === files) await setTimeout(1);
    const left = await count();
    child.kill('SIGKILL');
    expect([0, undefined]).toContain(left);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    await buildGraph(graphOf([stepsNode('other', ['touch /out/x'])]), { cache, lock });
    expect((await readdir(join(cache.work, 'failed'))).filter((name) => name !== node.id)).toEqual([]);
  });

  test('builds each node once when two processes build the same tree at once', async () => {
    const cache = await freshCache();
    const nodes = ['a', 'b', 'c'].map((name) => stepsNode(name, [`sleep 0.5; echo ${name} >/out/${name}`]));
    const graph = graphOf(nodes);
    const children = await Promise.all([buildProcess(cache, graph), buildProcess(cache, graph)]);
    const results = await Promise.all(children.map(outcome));
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    const text = results.map((each) => each.text).join('');
    for (const { name } of nodes) expect(text.split(`${name} built\n`)).toHaveLength(2);
    expect(await readdir(cache.work)).toEqual([]);
    await expectSound(cache);
  });

  test('says that the disk is full, leaves nothing half-written, and goes on when there is room', async () => {
    const usual = cacheDirectory();
    const home = await scratchDirectory();
    const small = stepsNode('small', ['head -c 100k /dev/zero >/out/small'], { outputs: { dev: [''] } });
    const large = stepsNode('large', ['head -c 7M /dev/zero >/build/large; cp /build/large /out/large'], {
      needs: [small.id],
    });
    const silent = stepsNode('silent', ['head -c 32M /dev/zero >/build/large 2>/dev/null'], {
      needs: [small.id],
    });
    const graphs = {
      large: graphOf([small, large]),
      silent: graphOf([small, silent]),
      small: graphOf([small]),
    };
    for (const [name, graph] of Object.entries(graphs))
      await writeFile(join(home, `${name}.json`), JSON.stringify(graph));
    await mkdir(join(home, 'links'));
    for (const name of ['toolchain', 'sources', 'apt'] as const)
      await symlink(usual[name], join(home, 'links', name));
    // The small disk is seen by this script and its children alone.
    const program = join(import.meta.dirname, 'build-process.ts');
    const script = `
mkdir cache; mount -t tmpfs -o size=8m none cache; cp -a links/. cache
for graph in large silent; do
  ${process.execPath} ${program} $PWD/cache $PWD/$graph.json || true
  find cache/ -name '*.draft-*' -o -path '*/failed/*' | sed 's/^/left: /'
done
cat /dev/zero >cache/filling 2>/dev/null || true
${process.execPath} ${program} $PWD/cache $PWD/large.json || true
rm cache/filling; mount -o remount,size=64m cache
${process.execPath} ${program} $PWD/cache $PWD/large.json
cp -a cache/store store`;
    const { stdout, stderr } = await promisify(execFile)(
      'unshare',
      ['--user', '--map-root-user', '--mount', 'bash', '-euc', script],
      { cwd: home },
    );
    expect(stderr.match(/^DISK_FULL: .*/gm)).toEqual([
      expect.stringMatching(/^DISK_FULL: Cannot build large@x86_64: the disk of .*\/cache\/work is full/),
      expect.stringMatching(/^DISK_FULL: Cannot build silent@x86_64: the disk of /),
      expect.stringMatching(/^DISK_FULL: Cannot build large@x86_64: the disk of .* is full, 0 B are left/),
    ]);
    expect(stdout).not.toContain('left:');
    expect(stdout).toContain('small built');
    expect(stdout.trimEnd().split('\n').slice(-3)).toEqual(expect.arrayContaining(['large built', 'over']));
    expect(stdout.split('small built')).toHaveLength(2);
    await expectSound({ ...(await freshCache()), store: join(home, 'store') });
  });

  test('names the patch that does not apply', async () => {
    const cache = await freshCache();
    const scratch = await scratchDirectory();
    const script = `
mkdir -p up/hello-1 deb/debian/patches; echo one >up/hello-1/file; tar -C up -cf up.tar hello-1
printf '# comment\\n\\nfits.patch\\nfails.patch # with a word\\n' >deb/debian/patches/series
printf -- '--- a/file\\n+++ b/file\\n@@ -1 +1 @@\\n-one\\n+two\\n' >deb/debian/patches/fits.patch
printf -- '--- a/file\\n+++ b/file\\n@@ -1 +1 @@\\n-three\\n+four\\n' >deb/debian/patches/fails.patch
tar -C deb -cf deb.tar debian; sha256sum up.tar deb.tar | cut -d' ' -f1`;
    const { stdout } = await promisify(execFile)('bash', ['-euc', script], { cwd: scratch });
    const [up = '', deb = ''] = stdout.trim().split('\n');
    await mkdir(join(scratch, 'sources'));
    for (const [name, hash] of [
      ['up.tar', up],
      ['deb.tar', deb],
    ]) {
      await writeFile(join(scratch, 'sources', hash ?? ''), await readFile(join(scratch, name ?? '')));
    }
    const files = [
      { name: 'up.tar', sha256: up },
      { name: 'deb.tar', sha256: deb },
    ];
    const source = {
      kind: 'debian',
      package: 'hello',
      version: '1-1',
      files,
      patched: true,
      exclude: [],
    } as const;
    const node = stepsNode('hello', ['cp source/file /out/'], { source });
    const place = { ...cache, sources: join(scratch, 'sources') };
    const error = await errorOf(buildGraph(graphOf([node]), { cache: place, lock }));
    expect(error.message).toContain(
      'Cannot build hello@x86_64: step "patch" ended with 1, because Debian\'s patch fails.patch does not apply to the source\n',
    );
    expect(error.message).toMatch(/patch fits\.patch\n.*\n.*patch fails\.patch\n[^]*FAILED/);
    await expectSound(cache);
  });
});
