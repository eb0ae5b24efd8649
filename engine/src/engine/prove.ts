/**
 * Holds the finished kernel configuration against what was demanded of it and what slices were told about it, as soon as
 * the node that makes it is there and before anything is built upon it.
 */
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { exists } from '../files.ts';
import type { Graph } from '../graph/graph.ts';
import type { Fact } from '../kconfig/prove.ts';
import { sha256Of, stableJson } from '../stable-json.ts';
import type { BuildOptions } from './build.ts';
import { CONFIG_SLICE, kernelModel, readKernelConfig } from './kernel-config.ts';
import { writeWhole } from './store.ts';

/** Raised when a proof comes to ask for more. */
const PROOF = 1;

/**
 * A check for {@link BuildOptions.check}. What was proved once is noted in the store and not proved again. The check throws
 * `KERNEL_DEMAND_LOST` and `KERNEL_FACT_WRONG`.
 */
export function kernelProof(graph: Graph, cache: CacheDirectory): NonNullable<BuildOptions['check']> {
  const facts: readonly Fact[] = graph.nodes.flatMap(({ id, facts: reads }) =>
    reads.map(({ symbol, value }) => ({ symbol, value, readBy: id })),
  );
  return async (node, outputs, store) => {
    if (node.name !== CONFIG_SLICE || outputs.dev === undefined) return;
    const { digest } = outputs.dev;
    const proof = sha256Of(stableJson({ PROOF, digest, demands: graph.demands, facts }));
    const note = join(store.directory, 'proofs', proof);
    if (await exists(note)) return;
    const config = await readKernelConfig(node, outputs.dev, store);
    const model = await kernelModel(graph, node, cache);
    const { proveDemands, proveFacts } = await import('../kconfig/prove.ts');
    proveDemands(config, graph.demands, model);
    proveFacts(config, facts, graph.demands, model);
    await writeWhole(note, '');
  };
}
