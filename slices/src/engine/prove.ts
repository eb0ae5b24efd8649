/**
 * Holds the finished kernel configuration against what was demanded of it and what slices were told about it, as soon as
 * the node that makes it is there and before anything is built upon it.
 */
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { TARGET_NAMES } from '../define/target.ts';
import { SlicesError } from '../errors.ts';
import { exists } from '../files.ts';
import type { Graph, GraphNode } from '../graph/graph.ts';
import type { Fact } from '../kconfig/prove.ts';
import type { KconfigModel } from '../kconfig/model.ts';
import { sha256Of, stableJson } from '../stable-json.ts';
import type { BuildOptions } from './build.ts';
import { writeWhole } from './store.ts';

/** The slice whose `dev` output holds the kernel's finished configuration, and the file's name there. */
export const CONFIG_SLICE = 'linux-config';
export const CONFIG_FILE = 'config';

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
    const { readLayerFile } = await import('../layer/read-layer.ts');
    const bytes = await readLayerFile(store.pathOf(digest), CONFIG_FILE);
    if (bytes === undefined) {
      throw new SlicesError(
        'OUTPUT_INVALID',
        `Cannot use the build of ${node.id}: it has no file ${CONFIG_FILE}`,
        {
          hint: `Have a step of ${node.definedAt} put the finished configuration there.`,
        },
      );
    }
    const model = await modelOf(graph, node, cache);
    const { proveDemands, proveFacts } = await import('../kconfig/prove.ts');
    const config = Buffer.from(bytes).toString();
    proveDemands(config, graph.demands, model);
    proveFacts(config, facts, graph.demands, model);
    await writeWhole(note, '');
  };
}

/** The kernel's Kconfig files, out of the node's own source. Without a source of Debian's, errors come without reasons. */
async function modelOf(
  { target }: Graph,
  { source }: GraphNode,
  cache: CacheDirectory,
): Promise<(() => KconfigModel) | undefined> {
  if (source?.kind !== 'debian') return undefined;
  const [upstream, debian = upstream] = source.files;
  if (upstream === undefined || debian === undefined) return undefined;
  const { extractKconfig, readKconfigTree } = await import('../kconfig/tree.ts');
  const directory = await extractKconfig({ ...source, upstream, debian }, cache);
  return () => readKconfigTree(directory, TARGET_NAMES[target].linux);
}
