/** The kernel's finished configuration, as the node that makes it left it, and the Kconfig files that it follows. */
import type { CacheDirectory } from '../cache-directory.ts';
import { TARGET_NAMES } from '../define/target.ts';
import { SlicesError } from '../errors.ts';
import type { Graph, GraphNode } from '../graph/graph.ts';
import type { KconfigModel } from '../kconfig/model.ts';
import type { Store, StoredOutput } from './store.ts';

/** The slice whose `dev` output holds it, and the file's name there. */
export const CONFIG_SLICE = 'linux-config';
const CONFIG_FILE = 'config';

/** The text of the `.config` in the node's `dev` layer. Throws `OUTPUT_INVALID`. */
export async function readKernelConfig(node: GraphNode, dev: StoredOutput, store: Store): Promise<string> {
  const { readLayerFile } = await import('../layer/read-layer.ts');
  const bytes = await readLayerFile(store.pathOf(dev.digest), CONFIG_FILE);
  if (bytes !== undefined) return Buffer.from(bytes).toString();
  throw new SlicesError(
    'OUTPUT_INVALID',
    `Cannot use the build of ${node.id}: it has no file ${CONFIG_FILE}`,
    {
      hint: `Have a step of ${node.definedAt} put the finished configuration there.`,
    },
  );
}

/** The kernel's Kconfig files, out of the node's own source; nothing for a source that is not Debian's. */
export async function kernelModel(
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
