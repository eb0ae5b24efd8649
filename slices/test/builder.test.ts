import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import type { BuildReporter } from '../src/build/build-reporter.ts';
import { createBuilder, type Builder } from '../src/build/builder.ts';
import { cacheDirectoryAt, type CacheDirectory } from '../src/cache-directory.ts';
import type { Slice } from '../src/define-slice.ts';
import { SlicesError } from '../src/errors.ts';
import { errorOf, scratchDirectory, scriptSlice } from './support.ts';

/** A reporter that remembers which slices were really built. */
function recorder(): BuildReporter & { readonly built: string[] } {
  const built: string[] = [];
  return { built, step() {}, line() {}, done: (slice) => void built.push(slice.name) };
}

/** The text of one file of a slice's runtime layer. */
async function fileOf(builder: Builder, slice: Slice, path: string): Promise<string> {
  const { runtime } = (await builder.build(slice)).outputs;
  return execFileSync('tar', [
    '--extract',
    '--to-stdout',
    '--file',
    builder.store.pathOf(runtime?.digest ?? ''),
    path,
  ]).toString();
}

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

/** A program whose only need is a library that `script` builds. */
function programOver(script: string): Slice {
  const library = scriptSlice(script, { name: 'library', outputs: { dev: [''] } });
  return scriptSlice('cat /needs/library/value >/out/copy', { name: 'program', needs: [library] });
}

/** A check that wants the file `config` to say y. */
async function wantYes(build: string): Promise<void> {
  const config = await readFile(join(build, 'config'), 'utf8');
  if (config !== 'y\n') throw new SlicesError('KERNEL_DEMAND_LOST', 'lost');
}

describe('Builder.build()', () => {
  it('builds once and takes the layer from the store afterwards, in another process too', async () => {
    const cache = await emptyCache();
    const slice = scriptSlice('echo hello >/out/greeting');
    const [first, second] = [recorder(), recorder()];
    const { outputs } = await createBuilder({ cache, reporter: first }).build(slice);
    expect(
      (await createBuilder({ cache, reporter: second }).build(scriptSlice('echo hello >/out/greeting')))
        .outputs,
    ).toEqual(outputs);
    expect([first.built, second.built]).toEqual([['sample'], []]);
  });

  it('builds again when a layer has gone from the store', async () => {
    const cache = await emptyCache();
    const slice = scriptSlice('echo hello >/out/greeting');
    const { outputs } = await createBuilder({ cache }).build(slice);
    const builder = createBuilder({ cache });
    await rm(builder.store.pathOf(outputs.runtime?.digest ?? ''));
    expect((await builder.build(slice)).outputs).toEqual(outputs);
    expect(await fileOf(builder, slice, 'greeting')).toBe('hello\n');
  });

  it('gives a need to the build, and builds nothing anew when the need comes to the same', async () => {
    const cache = await emptyCache();
    expect(await fileOf(createBuilder({ cache }), programOver('echo 1 >/out/value'), 'copy')).toBe('1\n');
    const reporter = recorder();
    await createBuilder({ cache, reporter }).build(
      programOver('# A comment that changes nothing.\necho 1 >/out/value'),
    );
    expect(reporter.built).toEqual(['library']);
    expect(await fileOf(createBuilder({ cache, reporter }), programOver('echo 2 >/out/value'), 'copy')).toBe(
      '2\n',
    );
    expect(reporter.built).toEqual(['library', 'library', 'program']);
  });

  it('splits what was built into its outputs', async () => {
    const slice = scriptSlice('mkdir /out/bin /out/include\ntouch /out/bin/tool /out/include/tool.h', {
      outputs: { runtime: ['bin'], dev: ['include'] },
    });
    const builder = createBuilder({ cache: await emptyCache() });
    const { outputs } = await builder.build(slice);
    const names = [outputs.runtime, outputs.dev].map((layer) =>
      execFileSync('tar', ['--list', '--file', builder.store.pathOf(layer?.digest ?? '')])
        .toString()
        .trim()
        .split('\n'),
    );
    expect(names).toEqual([
      ['bin', 'bin/tool'],
      ['include', 'include/tool.h'],
    ]);
  });

  it('shows the end of the log and its place when a step fails, and leaves nothing behind', async () => {
    const cache = await emptyCache();
    const error = await errorOf(
      createBuilder({ cache }).build(scriptSlice('echo compiling\necho "no such header" >&2\nexit 3')),
    );
    expect(error.code).toBe('BUILD_FAILED');
    expect(error.message).toContain('step "run" ended with 3');
    expect(error.message).toContain('no such header');
    expect(error.hint).toContain(join(cache.logs, 'sample.log'));
    expect(await readFile(join(cache.logs, 'sample.log'), 'utf8')).toContain('compiling\nno such header\n');
    expect(await readdir(cache.work)).toEqual([]);
  });

  it('lets a check refuse the build', async () => {
    const builder = createBuilder({ cache: await emptyCache() });
    const error = await errorOf(
      builder.build(scriptSlice('echo n >config\ntouch /out/x', { check: wantYes })),
    );
    expect(error.code).toBe('KERNEL_DEMAND_LOST');
    await builder.build(scriptSlice('echo y >config\ntouch /out/x', { check: wantYes }));
  });

  it('refuses a build that leaves nothing', async () => {
    const builder = createBuilder({ cache: await emptyCache() });
    expect((await errorOf(builder.build(scriptSlice('true')))).code).toBe('OUTPUT_INVALID');
  });

  it('names the packages that the host lacks and the command that installs them', async () => {
    const slice = scriptSlice('true', {
      build: { kind: 'steps', steps: [], hostPackages: ['no-such-package'] },
    });
    const error = await errorOf(createBuilder({ cache: await emptyCache() }).build(slice));
    expect(error.code).toBe('HOST_PACKAGE_MISSING');
    expect(error.hint).toContain('apt-get install --no-install-recommends no-such-package');
  });

  it('leaves no half of a layer when it is killed, and the next builder sweeps and goes on', async () => {
    const cache = await emptyCache();
    const script = join(await scratchDirectory(), 'build.ts');
    await writeFile(
      script,
      `import { createBuilder, cacheDirectoryAt, defineSlice } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))};
const steps = [{ name: 'run', script: 'echo half >/out/greeting; echo started; sleep 600' }];
const slice = defineSlice({ name: 'sample', version: '1', license: 'MIT', summary: '', build: { kind: 'steps', steps }, outputs: { runtime: [''] } });
const reporter = { step() {}, done() {}, line: (text) => console.log(text) };
await createBuilder({ cache: cacheDirectoryAt(process.argv[2]), reporter }).build(slice);
`,
    );
    const child = spawn(process.execPath, [script, cache.root], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await readdir(cache.work)).not.toEqual([]);
    expect(await readdir(cache.layers).catch(() => [])).toEqual([]);

    expect(await fileOf(createBuilder({ cache }), scriptSlice('echo whole >/out/greeting'), 'greeting')).toBe(
      'whole\n',
    );
    expect((await readdir(cache.work)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  it('waits for another builder that is at it, and takes what that one built', async () => {
    const cache = await emptyCache();
    const script = 'sleep 1\necho once >/out/greeting';
    const [one, two] = [recorder(), recorder()];
    const first = createBuilder({ cache, reporter: one }).build(scriptSlice(script));
    await sleep(300);
    const second = createBuilder({ cache, reporter: two }).build(scriptSlice(script));
    expect((await first).outputs).toEqual((await second).outputs);
    expect([...one.built, ...two.built]).toEqual(['sample']);
  });
});
