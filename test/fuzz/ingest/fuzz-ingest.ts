/** The ingestion target's loop: mutates what has reached new code before, and keeps what does. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CoconError, EXIT_FAILED } from '@cocon-os/cli';

import { seededRandom } from '../../prove/random.ts';
import type { FuzzSummary } from '../rust-runner.ts';
import { Coverage } from './coverage.ts';
import { mutated } from './mutate.ts';
import { sampleInputs } from './sample.ts';
import { ingest } from './target.ts';

/** How far, and where its inputs are. */
export interface IngestOptions {
  readonly runs: number;
  /** Infinity for as long as it takes. */
  readonly seconds: number;
  readonly seed: number;
  /** Whether what reaches new code is written to `corpus`. */
  readonly keep: boolean;
  readonly corpus: string;
  /** Where an input goes that breaks the target. */
  readonly found: string;
}

/** Inputs between two looks at the coverage. */
const BATCH = 64;

/** Fuzzes ingestion. Throws `FUZZ_FAILED` when an input breaks it. */
export async function fuzzIngest(options: IngestOptions): Promise<FuzzSummary> {
  const { runs, seconds, seed, keep, corpus, found } = options;
  const random = seededRandom(seed);
  const coverage = new Coverage(join(import.meta.dirname, '../../../image-builder/src'));
  mkdirSync(corpus, { recursive: true });
  mkdirSync(found, { recursive: true });
  const inputs: Uint8Array[] = [
    ...(await sampleInputs()),
    ...readdirSync(corpus).map((name) => readFileSync(join(corpus, name))),
  ];
  await coverage.start();
  const began = Date.now();
  const past = (): number => (Date.now() - began) / 1000;
  for (const input of inputs) await tried(input, found);
  await coverage.news(true);
  const pick = (): Uint8Array => inputs[random.below(inputs.length)] ?? new Uint8Array();
  let done = 0;
  while (done < runs && past() < seconds) {
    const batch = Array.from({ length: BATCH }, () => mutated(pick(), pick(), random));
    for (const input of batch) await tried(input, found);
    done += batch.length;
    if ((await coverage.news(false)) === 0) continue;
    for (const input of batch) {
      await tried(input, found);
      if ((await coverage.news(true)) === 0) continue;
      inputs.push(input);
      if (keep) writeFileSync(join(corpus, nameOf(input)), input);
    }
  }
  coverage.stop();
  return { runs: done, perSecond: Math.round(done / Math.max(1, past())), covered: coverage.size };
}

async function tried(input: Uint8Array, found: string): Promise<void> {
  const path = join(found, `ingest-${nameOf(input)}`);
  // Node.js ends by itself when nothing is left that could settle a promise.
  const stuck = (): void => {
    process.exitCode = EXIT_FAILED;
    writeFileSync(path, input);
    process.stderr.write(`Target ingest never ends\nhint: The input is ${path}.\n`);
  };
  process.once('beforeExit', stuck);
  try {
    await ingest(input);
  } catch (thrown) {
    writeFileSync(path, input);
    throw new CoconError('FUZZ_FAILED', `Target ingest is broken: ${String(thrown)}`, {
      cause: thrown,
      hint: `The input is ${path}.`,
    });
  } finally {
    process.off('beforeExit', stuck);
  }
}

function nameOf(input: Uint8Array): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 16);
}
