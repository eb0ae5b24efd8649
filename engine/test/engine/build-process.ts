/** Builds a graph in a process of its own: `build-process.ts <cache> <graph.json>`. Prints a word per event. */
import { readFile } from 'node:fs/promises';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { SlicesError } from '../../src/errors.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';

const [cache = '', graph = ''] = process.argv.slice(2);
try {
  await buildGraph(JSON.parse(await readFile(graph, 'utf8')), {
    cache: cacheDirectoryAt(cache),
    lock,
    events: (event) => {
      const node = 'node' in event ? `${event.node.name} ` : '';
      process.stdout.write(`${node}${event.kind}${event.kind === 'line' ? ` ${event.text}` : ''}\n`);
    },
  });
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(
    error instanceof SlicesError ? `${error.code}: ${error.message}\n` : `${String(error)}\n`,
  );
}
