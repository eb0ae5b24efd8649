/** Root and a plain user whose umask is 077 build the same bytes. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { cacheDirectory, cacheDirectoryAt } from '../../src/cache-directory.ts';
import { REPOSITORY } from '../../src/define/location.ts';
import { buildGraph } from '../../src/engine/build.ts';
import { fsck } from '../../src/engine/fsck.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';
import { scratchDirectory } from '../support.ts';
import { freshCache, graphOf, stepsNode } from './support.ts';

const NOBODY = 65_534;

const library = stepsNode(
  'library',
  [
    'cd /out; echo shared >a; chmod 664 a; echo hidden >b; chmod 111 b; mkdir -m 311 c; touch c/d; mkdir -m 555 e',
  ],
  { outputs: { dev: [''] } },
);
const program = stepsNode(
  'program',
  ['id -un >/out/who; umask >/out/umask; cp -a /needs/library/a /out/', 'touch x; chmod 500 .'],
  {
    needs: [library.id],
  },
);
const graph = graphOf([library, program]);

test('buildGraph() gives a plain user what it gives root, whatever the umask', async () => {
  const own = await freshCache();
  await buildGraph(graph, { cache: own, lock });
  // A plain user has nobody to become.
  if (process.getuid?.() !== 0) return;
  const home = await scratchDirectory();
  await chmod(home, 0o755);
  const cache = cacheDirectoryAt(join(home, 'cache'));
  for (const place of [cache.root, cache.toolchain, join(home, 'repository')]) await mkdir(place);
  await chown(cache.root, NOBODY, NOBODY);
  await writeFile(join(home, 'graph.json'), JSON.stringify(graph));
  // Both may lie where only root gets to; the mounts are seen by this script alone.
  const script = `
mount --bind ${cacheDirectory().toolchain} cache/toolchain
mount --bind ${REPOSITORY} repository
umask 077
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups env HOME=/nonexistent \\
  repository/node_modules/node/bin/node repository/engine/test/engine/build-process.ts $PWD/cache $PWD/graph.json`;
  await promisify(execFile)('unshare', ['--mount', 'bash', '-euc', script], { cwd: home });
  const theirs = await buildGraph(graph, { cache, lock });
  for (const [id, { outputs, built }] of await buildGraph(graph, { cache: own, lock })) {
    expect([id, theirs.get(id)?.outputs, theirs.get(id)?.built]).toEqual([id, outputs, built]);
  }
  expect((await fsck(cache)).problems).toEqual([]);
});
