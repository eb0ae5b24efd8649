/** Holds an image to its profile's budget before it takes its place: as it is when it is sealed, for that is what ships. */
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { TARGET_NAMES } from '../define/target.ts';
import { excessOf, lastKept, noteKept } from '../engine/sealed-size.ts';
import type { SliceSize } from '../engine/sizes.ts';
import { SlicesError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { sha256Of } from '../stable-json.ts';
import type { BuiltImage } from './oci-image.ts';
import type { Sealer } from './sealer.ts';

/** An image, and what it is held against. */
export interface SealedBudget {
  readonly graph: Graph;
  /** Of the slices in the image. */
  readonly sizes: readonly SliceSize[];
  readonly cache: CacheDirectory;
  readonly sealer: Sealer;
  /** Where the settings for sealing are looked for. */
  readonly cwd: string;
}

/**
 * The bytes of the sealed image; nothing when its profile has no budget. What was measured and kept its budget the last
 * time is not measured again.
 *
 * @throws SlicesError `BUDGET_EXCEEDED`, which names the slices that grew since the budget was kept; and what sealing throws
 */
export async function keepSealedBudget(
  image: BuiltImage,
  { graph, sizes, cache, sealer, cwd }: SealedBudget,
): Promise<number | undefined> {
  const { profile, board, budget, target } = graph;
  if (budget.sizeBytes === undefined) return undefined;
  const notes = join(cache.sizes, `${profile}@${board}@sealed.json`);
  const before = await lastKept(notes);
  const key = sha256Of(`${image.digest} ${await sealer.key(cwd)}`);
  const known = before?.key === key ? before.sealedBytes : undefined;
  const architecture = TARGET_NAMES[target].oci;
  const sealedBytes = known ?? (await sealer.measure({ ...image, architecture }, cwd));
  const now = { sealedBytes, slices: sizes, key };
  const excess = excessOf(now, budget.sizeBytes, before);
  if (excess !== undefined) {
    throw new SlicesError('BUDGET_EXCEEDED', `Cannot accept ${profile} on ${board}: ${excess}`, {
      hint: 'Make it smaller again, or raise budget.size of the profile and say why. No image was written.',
      facts: { profile, board, sealedBytes, budget: budget.sizeBytes },
    });
  }
  if (known === undefined) await noteKept(notes, now);
  return sealedBytes;
}
