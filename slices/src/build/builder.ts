/**
 * Builds slices into layers, each at most once: what was built before with the same key is taken from the store.
 *
 * A build that is killed leaves a directory under `work/`, which the next builder sweeps away, and nothing else.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheDirectory, type CacheDirectory } from '../cache-directory.ts';
import { OUTPUT_NAMES, type OutputName, type Slice } from '../define-slice.ts';
import { SlicesError } from '../errors.ts';
import {
  openLayerStore,
  type LayerStore,
  type StoredLayer,
  type StoredOutputs,
} from '../layer/layer-store.ts';
import { layerOfDirectory, layerOfEntries } from '../layer/layer-tar.ts';
import { fetchSource } from '../sources/fetch-source.ts';
import { silentReporter, type BuildReporter } from './build-reporter.ts';
import { cacheKey } from './cache-key.ts';
import { hostPackages } from './host-packages.ts';
import { isRunning, processIdentity, withLock } from '../lock.ts';
import { runSteps } from './run-steps.ts';

/** A slice and what it came to. */
export interface BuiltSlice {
  readonly slice: Slice;
  readonly key: string;
  readonly outputs: StoredOutputs;
}

/** Builds slices. */
export interface Builder {
  readonly cache: CacheDirectory;
  readonly store: LayerStore;
  /** Builds a slice and what it needs. Throws `SlicesError`. */
  build(slice: Slice): Promise<BuiltSlice>;
}

/** What {@link createBuilder} may be told. */
export interface BuilderOptions {
  readonly cache?: CacheDirectory;
  readonly reporter?: BuildReporter;
}

/** A builder over a cache. One build runs at a time: the long ones use all processors by themselves. */
export function createBuilder({
  cache = cacheDirectory(),
  reporter = silentReporter,
}: BuilderOptions = {}): Builder {
  const store = openLayerStore(cache.layers);
  const versionsOf = hostPackages();
  const under = new Map<Slice, Promise<BuiltSlice>>();
  let queue: Promise<unknown> = Promise.resolve();
  let swept: Promise<void> | undefined;

  const build = (slice: Slice): Promise<BuiltSlice> => {
    const known = under.get(slice);
    if (known !== undefined) return known;
    const job = buildWithNeeds(slice);
    under.set(slice, job);
    return job;
  };

  const buildWithNeeds = async (slice: Slice): Promise<BuiltSlice> => {
    const needs = new Map<string, StoredLayer>();
    for (const need of slice.needs ?? []) {
      const { dev } = (await build(need)).outputs;
      if (dev === undefined) {
        const what = `Cannot build ${slice.name}: it needs ${need.name}, which has no dev output`;
        throw new SlicesError('SLICE_INVALID', what, { hint: `Add dev to the outputs of ${need.name}.` });
      }
      needs.set(need.name, dev);
    }
    const versions = slice.build.kind === 'steps' ? await versionsOf(slice.build.hostPackages ?? []) : {};
    const digests = Object.fromEntries([...needs].map(([name, layer]) => [name, layer.digest]));
    const key = cacheKey(slice, { needs: digests, hostPackages: versions });
    const found = await store.find(key);
    if (found !== undefined) return { slice, key, outputs: found };
    const turn = queue.then(async () => {
      await (swept ??= sweep(cache.work));
      return buildLocked(slice, key, needs);
    });
    queue = turn.catch(() => {});
    return { slice, key, outputs: await turn };
  };

  const buildLocked = (
    slice: Slice,
    key: string,
    needs: ReadonlyMap<string, StoredLayer>,
  ): Promise<StoredOutputs> =>
    withLock(
      join(cache.work, `${key}.lock`),
      () => reporter.step(slice, 'wait for another process that builds it'),
      async () => {
        const found = await store.find(key);
        if (found !== undefined) return found;
        const began = Date.now();
        const outputs = await buildNow(slice, needs);
        await store.record(key, outputs);
        reporter.done(slice, (Date.now() - began) / 1000);
        return outputs;
      },
    );

  const buildNow = async (slice: Slice, needs: ReadonlyMap<string, StoredLayer>): Promise<StoredOutputs> => {
    const { build: how, source } = slice;
    if (how.kind === 'entries') return { runtime: await store.put(layerOfEntries(how.entries)) };
    if (source !== undefined) reporter.step(slice, 'fetch the source');
    const sources = source ? await fetchSource(source, cache, (line) => reporter.line(line)) : new Map();
    const owner = await processIdentity(process.pid);
    const work = await mkdtemp(join(cache.work, `${slice.name}-${owner}-`));
    try {
      const needPaths = new Map([...needs].map(([name, layer]) => [name, store.pathOf(layer.digest)]));
      const out = await runSteps(slice, { work, sources, needs: needPaths, logs: cache.logs, reporter });
      return await storeOutputs(slice, out);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  };

  const storeOutputs = async (slice: Slice, out: string): Promise<StoredOutputs> => {
    const outputs: Partial<Record<OutputName, StoredLayer>> = {};
    for (const name of OUTPUT_NAMES) {
      const prefixes = slice.outputs[name];
      if (prefixes !== undefined) outputs[name] = await store.put(await layerOfDirectory(out, prefixes));
    }
    return outputs;
  };

  return { cache, store, build };
}

/** Removes what builders that no longer run have left, and makes the directory. */
async function sweep(work: string): Promise<void> {
  await mkdir(work, { recursive: true });
  for (const name of await readdir(work)) {
    const owner = /-(\d+\.\d+)-[^-]+$/.exec(name)?.[1];
    if (owner === undefined || (await isRunning(owner))) continue;
    await rm(join(work, name), { recursive: true, force: true });
  }
}
