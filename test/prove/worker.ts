/** One job, in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';

import { perform, type Job } from './jobs.ts';
import type { WorkerMessage } from './workers.ts';

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has none
const say = (message: WorkerMessage): void => parentPort?.postMessage(message);
try {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- workers.ts alone starts this
  const result = perform(workerData as Job, (states) => say({ kind: 'progress', states }));
  say({ kind: 'done', result });
} catch (thrown) {
  say({ kind: 'violation', message: thrown instanceof Error ? thrown.message : String(thrown) });
}
