/** The image of a profile: the runtime layers of its nodes, packed under its layer budget, as an OCI layout. */
import { TARGET_NAMES } from '../define/target.ts';
import type { BuiltNode } from '../engine/build.ts';
import type { Store } from '../engine/store.ts';
import { SlicesError } from '../errors.ts';
import type { Graph, NodeId } from '../graph/graph.ts';
import type { MovedPins } from '../pins/overlay.ts';
import { sha256Of } from '../stable-json.ts';
import { writeOciImage, type BuiltImage } from './oci-image.ts';
import { packLayers, shareLayer, type ShipLayer } from './pack-layers.ts';

/** What {@link writeProfileImage} is told. */
export interface ProfileImageOptions {
  readonly graph: Graph;
  readonly built: ReadonlyMap<NodeId, BuiltNode>;
  readonly store: Store;
  /** The layout directory to write. It is replaced when it exists. */
  readonly directory: string;
  readonly name: string;
  /** If not given, twelve digits of a hash of the layers: the same system has the same version. */
  readonly version?: string | undefined;
  /** What it was built from in place of the repository's pins. */
  readonly moved?: MovedPins;
  /** Is shown the image before it takes its place, and throws when it must not. */
  readonly accept?: (image: BuiltImage) => Promise<void>;
}

/** An image, and how many layers it has. */
export interface ProfileImage extends BuiltImage {
  readonly layers: number;
}

/** Writes the image. The same nodes give the same bytes. Throws `SLICE_INVALID`. */
export async function writeProfileImage(options: ProfileImageOptions): Promise<ProfileImage> {
  const { graph, store, built, name } = options;
  const ship = graph.image.map((id) => shipLayer(id, built));
  const { alone, shared } = packLayers(ship, graph.layerBudget);
  const layers = [...alone];
  if (shared.length > 0) layers.push(await putShared(ship, shared, store));
  const digests = layers.map(({ digest }) => digest).join(' ');
  const image = await writeOciImage(
    {
      name,
      version: options.version ?? sha256Of(digests).slice(0, 12),
      architecture: TARGET_NAMES[graph.target].oci,
      commandLine: graph.commandLine,
      movedPins: movedText(options.moved),
      layers: layers.map((layer) => ({ layer, comment: layer.comment })),
    },
    store,
    options.directory,
    options.accept,
  );
  return { ...image, layers: layers.length };
}

function movedText(moved: MovedPins = []): string | undefined {
  const moves = moved.map(
    ({ kind, name, from, to }) => `${kind} ${name} ${from ?? 'none'} -> ${to ?? 'none'}`,
  );
  return moves.length === 0 ? undefined : moves.join(', ');
}

function shipLayer(id: NodeId, built: ReadonlyMap<NodeId, BuiltNode>): ShipLayer {
  const { node, outputs } = built.get(id) ?? {};
  const runtime = outputs?.runtime;
  if (node === undefined || runtime === undefined) {
    throw new SlicesError('SLICE_INVALID', `Cannot put ${id} into an image: it has no runtime output`, {
      hint: 'Leave it out of the profile; what only builds need is named in needs.',
    });
  }
  return { digest: runtime.digest, sizeBytes: runtime.sizeBytes, comment: `${node.name} ${node.version}` };
}

async function putShared(
  ship: readonly ShipLayer[],
  shared: readonly ShipLayer[],
  store: Store,
): Promise<ShipLayer> {
  const { readLayer } = await import('../layer/read-layer.ts');
  const layers = [];
  for (const layer of ship) {
    const members = await readLayer(store.pathOf(layer.digest));
    layers.push({ members, shared: shared.includes(layer) });
  }
  const { digest, sizeBytes } = await store.put(shareLayer(layers));
  return { digest, sizeBytes, comment: shared.map(({ comment }) => comment).join(', ') };
}
