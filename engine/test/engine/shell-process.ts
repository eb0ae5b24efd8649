/** Opens the shell of a node: `shell-process.ts <cache> <graph.json> <node> [step|resume]`. */
import { readFile } from 'node:fs/promises';

import { cacheDirectoryAt } from '../../src/cache-directory.ts';
import { planOf } from '../../src/engine/plan.ts';
import { openWorkspace, resume, shell } from '../../src/engine/shell.ts';
import { treeState } from '../../src/engine/state.ts';
import { openStore } from '../../src/engine/store.ts';
import { jobFor } from '../../src/engine/verify.ts';
import { SlicesError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { toolchainLock as lock } from '../../src/pins/pins.ts';

const [place = '', file = '', id = '', wish = ''] = process.argv.slice(2);
const graph: Graph = JSON.parse(await readFile(file, 'utf8'));
const cache = cacheDirectoryAt(place);
const store = openStore(cache.store);
const states = await treeState(planOf(graph), store, lock);
const state = states.get(id);
if (state === undefined) throw new Error(`${id} has no state`);
const job = jobFor(state, states, store, { cache, lock, events: () => {} });
try {
  const workspace = await openWorkspace(job, wish === '' || wish === 'resume' ? {} : { step: wish });
  const { failed, changed, step } = workspace;
  process.stdout.write(`${JSON.stringify({ failed, changed, step: step?.name })}\n`);
  const status = await shell(workspace);
  if (status === 0 && wish === 'resume') {
    await resume(job, workspace);
    process.stdout.write('resumed\n');
  }
  await workspace.close();
} catch (error) {
  process.stdout.write(error instanceof SlicesError ? `${error.code}: ${error.message}\n` : String(error));
}
