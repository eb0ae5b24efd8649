/** Runs jobs on a number of threads. */
import { Worker } from 'node:worker_threads';

import { CoconError } from '@cocon-os/cli';

import type { Job, JobResult } from './jobs.ts';

/** What a thread says. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly states: number }
  | { readonly kind: 'done'; readonly result: JobResult }
  | { readonly kind: 'violation'; readonly message: string };

/**
 * The results in the order of the jobs. `onProgress` hears how many states all have seen. Throws `PROOF_FAILED` at the first
 * violation, when all threads have ended.
 */
export async function runJobs(
  jobs: readonly Job[],
  threads: number,
  onProgress: (states: number) => void,
): Promise<readonly JobResult[]> {
  const results: JobResult[] = [];
  const states = jobs.map(() => 0);
  const queue = [...jobs.entries()];
  const workers = new Set<Worker>();
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, job] = next;
      const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: job });
      workers.add(worker);
      results[index] = await resultOf(worker, (count) => {
        states[index] = count;
        onProgress(states.reduce((total, each) => total + each, 0));
      });
      workers.delete(worker);
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, work));
  } finally {
    queue.length = 0;
    await Promise.all([...workers].map((worker) => worker.terminate()));
  }
  return results;
}

async function resultOf(worker: Worker, onProgress: (states: number) => void): Promise<JobResult> {
  const { promise, resolve, reject } = Promise.withResolvers<JobResult>();
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'progress') onProgress(message.states);
    if (message.kind === 'done') resolve(message.result);
    if (message.kind === 'violation') reject(new ProofError(message.message));
  });
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('a thread of the proof ended without a result')));
  return await promise;
}

/** A law was broken. */
export class ProofError extends CoconError<'PROOF_FAILED'> {
  constructor(message: string) {
    super('PROOF_FAILED', message, { hint: 'The same options and seed show it again.' });
  }
}
