/** The corpus of the ingestion target, among it all that fuzzing has found, and a few fresh inputs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { seededRandom } from '../../prove/random.ts';
import { mutated } from './mutate.ts';
import { sampleInputs } from './sample.ts';
import { ingest } from './target.ts';

const CORPUS = join(import.meta.dirname, '../corpus/ingest');

test.each(readdirSync(CORPUS))('ingest() ends with a tree or an error of ours: %s', async (name) => {
  await expect(ingest(readFileSync(join(CORPUS, name)))).resolves.toBeUndefined();
});

test('ingest() ends with a tree or an error of ours for whatever an image is changed to', async () => {
  const inputs = await sampleInputs();
  const random = seededRandom(1);
  const pick = (): Uint8Array => inputs[random.below(inputs.length)] ?? expect.unreachable();
  for (let count = 0; count < 1000; count += 1) {
    await expect(ingest(mutated(pick(), pick(), random))).resolves.toBeUndefined();
  }
});
