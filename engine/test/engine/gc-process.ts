/** Collects what a graph does not reach, also sources and toolchains, in a process of its own: `gc-process.ts <cache> <graph.json>`. */
import { readFile } from 'node:fs/promises';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { gc } from '../../src/engine/gc.ts';
import { SlicesError } from '../../src/errors.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';

const [cache = '', graph = ''] = process.argv.slice(2);
const keep = [JSON.parse(await readFile(graph, 'utf8'))];
try {
  const options = { keep, keepAllOf: [], lock, sources: true, dryRun: false };
  const { removed } = await gc(cacheDirectoryAt(cache), options);
  process.stdout.write(`removed ${removed.length}\n`);
} catch (error) {
  process.stdout.write(error instanceof SlicesError ? `${error.code}\n` : String(error));
}
