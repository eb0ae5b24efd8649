/**
 * Objects of earlier builds: taken where the compiler would make the same ones, and nowhere else.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { CacheDirectory } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { gc } from '../../src/engine/gc.ts';
import { openStore } from '../../src/engine/store.ts';
import { verify } from '../../src/engine/verify.ts';
import type { GraphNode } from '../../src/graph/graph.ts';
import { readLayer, readLayerFile } from '../../src/layer/read-layer.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { COMMON_PACKAGES } from '../../toolchain/packages.ts';
import { freshCache, graphOf, recorder, stepsNode } from './support.ts';

/** A node whose step compiles with a cache. `version` makes another key of the same step. */
function cached(script: string, version = '1', name = 'cached'): GraphNode {
  return stepsNode(name, [], {
    version,
    packages: [...COMMON_PACKAGES, 'ccache'],
    recipe: { kind: 'steps', compilerCache: true, steps: [{ name: 'compile', script }] },
  });
}

/**
 * Compiles `text` as `name`, and shows whether the object came out of the cache: ccache counts in
 * its own directory alone.
 */
const compile = (text: string, { name = 'a.c', options = '' } = {}): string => `
cat >'${name}' <<'text'
${text}
text
gcc ${options} -c '${name}' -o /out/a.o
if [ -d /ccache ]; then ccache --print-stats | grep -E '^(preprocessed_cache_hit|cache_miss)'; fi
`;

/** What a build came to, and ccache's counts since its directory was made. */
async function built(
  node: GraphNode,
  cache: CacheDirectory,
  compilerCache = true,
): Promise<{ readonly digest: string; readonly hits?: number; readonly misses?: number }> {
  const { events, seen } = recorder();
  const done = await buildGraph(graphOf([node]), { cache, lock, events, compilerCache });
  const lines = seen.flatMap((event) => (event.kind === 'line' ? [event.text.split('\t')] : []));
  const count = (name: string): number | undefined => {
    const found = lines.find(([first]) => first === name)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const [hits, misses] = [count('preprocessed_cache_hit'), count('cache_miss')];
  return {
    digest: done.get(node.id)?.outputs.runtime?.digest ?? '',
    ...(hits === undefined ? {} : { hits }),
    ...(misses === undefined ? {} : { misses }),
  };
}

async function entriesOf(cache: CacheDirectory, node = 'cached@x86_64'): Promise<readonly string[]> {
  const found = await readdir(join(cache.compiled, node), { recursive: true, withFileTypes: true });
  return found.filter((each) => each.name.endsWith('R')).map((each) => join(each.parentPath, each.name));
}

describe('a recipe with compilerCache', () => {
  test('takes an object of another build for the same text, and comes to what a build without comes to', async () => {
    const cache = await freshCache();
    const first = await built(cached(compile('int a(void) { return 1; }')), cache);
    expect(first).toMatchObject({ hits: 0, misses: 1 });
    const second = await built(cached(compile('int a(void) { return 1; }'), '2'), cache);
    expect(second).toEqual({ digest: first.digest, hits: 1, misses: 1 });
    const without = await built(cached(compile('int a(void) { return 1; }'), '3'), cache, false);
    expect(without).toEqual({ digest: first.digest });
  });

  test('compiles what differs in text, in options or in a header that comes before another', async () => {
    const cache = await freshCache();
    const sum = compile('#include <value.h>\nint a(void) { return VALUE; }', { options: '-Ifirst -Isecond' });
    const header = (directory: string, value: number): string =>
      `mkdir -p first second; echo '#define VALUE ${value}' >${directory}/value.h\n`;
    const second = await built(cached(header('second', 2) + sum), cache);
    const before = await built(cached(header('second', 2) + header('first', 1) + sum, '2'), cache);
    expect(before).toMatchObject({ hits: 0, misses: 2 });
    expect(before.digest).not.toBe(second.digest);
    const other = await built(cached(header('second', 2) + sum.replace('gcc', 'gcc -O2'), '3'), cache);
    expect(other).toMatchObject({ hits: 0, misses: 3 });
  });

  test.each([
    ['.incbin with a blank', 'a.c', 'asm(".incbin \\"data\\"");'],
    ['.incbin with a tab', 'a.c', 'asm(".incbin\\t\\"data\\"");'],
    ['.include in C', 'a.c', 'asm(".include \\"data\\"");'],
    ['.INCLUDE in assembly', 'a.S', '.INCLUDE "data"'],
    ['.incbin in assembly, of a macro', 'a.S', '#define BYTES .incbin\nBYTES\t"data"'],
  ])('compiles what reads a file by %s', async (_, name, text) => {
    const cache = await freshCache();
    const script = (byte: number): string => `echo '.byte ${byte}' >data\n${compile(text, { name })}`;
    const one = await built(cached(script(1)), cache);
    const two = await built(cached(script(2), '2'), cache);
    expect(two.digest).not.toBe(one.digest);
    expect(await built(cached(script(2), '3'), cache, false)).toEqual({ digest: two.digest });
  });

  test('believes no entry that was damaged, at any of its bytes', async () => {
    const cache = await freshCache();
    const first = await built(cached(compile('int a(void) { return 1; }')), cache);
    const [entry = ''] = await entriesOf(cache);
    const whole = await readFile(entry);
    const damaged = [
      ...Array.from({ length: 12 }, (_, part) => {
        const bytes = Buffer.from(whole);
        const at = Math.floor((part * (bytes.length - 1)) / 11);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        return bytes;
      }),
      whole.subarray(0, whole.length - 1),
      Buffer.alloc(0),
    ];
    for (const [index, bytes] of damaged.entries()) {
      await writeFile(entry, bytes);
      const again = await built(cached(compile('int a(void) { return 1; }'), `again-${index}`), cache);
      expect(again.digest).toBe(first.digest);
    }
  });

  test('shares nothing with another node, and is not looked at by verify', async () => {
    const cache = await freshCache();
    const node = cached(compile('int a(void) { return 1; }'));
    await built(node, cache);
    const other = await built(cached(compile('int a(void) { return 1; }'), '1', 'other'), cache);
    expect(other).toMatchObject({ hits: 0, misses: 1 });
    const { events, seen } = recorder();
    const [verified] = await verify(graphOf([node]), [node.id], { cache, lock, events });
    expect(verified?.same).toBe(true);
    expect(seen.filter((event) => event.kind === 'line')).toEqual([]);
  });

  test('compiles everything where objects cannot be kept', async () => {
    const cache = await freshCache();
    await writeFile(cache.compiled, '');
    const { hits, misses, digest } = await built(cached(compile('int a(void) { return 1; }')), cache);
    expect([hits, misses]).toEqual([undefined, undefined]);
    expect(digest).toMatch(/^sha256:/);
  });

  test('leaves no trace of it in what is built: neither paths nor environment', async () => {
    const cache = await freshCache();
    const text = 'const char when[] = __DATE__ __TIME__ __FILE__;';
    const script = `${compile(text, { options: '-g' })}\ncp a.c /out/`;
    const withCache = await built(cached(script), cache);
    expect(await built(cached(script, '2'), cache, false)).toEqual({ digest: withCache.digest });
    const layer = openStore(cache.store).pathOf(withCache.digest);
    expect((await readLayer(layer)).map(({ path }) => path)).toEqual(['a.c', 'a.o']);
    expect(String(await readLayerFile(layer, 'a.o'))).not.toContain('ccache');
  });

  test('loses its objects to gc() when no profile reaches its node, and not before', async () => {
    const cache = await freshCache();
    const node = cached(compile('int a(void) { return 1; }'));
    await built(node, cache);
    await mkdir(join(cache.compiled, 'gone@x86_64/0'), { recursive: true });
    const options = { keepAllOf: [], lock, sources: false, dryRun: false } as const;
    const { removed } = await gc(cache, { ...options, keep: [graphOf([node])] });
    expect(removed.map(({ kind, path }) => [kind, path])).toEqual([
      ['objects', join(cache.compiled, 'gone@x86_64')],
    ]);
    expect(await entriesOf(cache)).toHaveLength(1);
  });
});
