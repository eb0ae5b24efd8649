/**
 * From the layers of a build to the layers of an image. Each slice ships as its own layer as long as the budget lasts;
 * beyond it, the kernel stays alone at the bottom, the biggest keep their own, and the rest share one on top.
 */
import { LEAST_LAYERS } from '../define/layer-count.ts';
import { SlicesError } from '../errors.ts';
import type { Member } from '../layer/members.ts';

/** A layer that could ship, from the bottom up. */
export interface ShipLayer {
  readonly digest: string;
  readonly sizeBytes: number;
  /** Said of it in the image's history. */
  readonly comment: string;
}

/** How layers ship. */
export interface Packing {
  /** With a layer of their own, from the bottom up. */
  readonly alone: readonly ShipLayer[];
  /** Together in one layer above those, in the order in which they lay on each other. */
  readonly shared: readonly ShipLayer[];
}

/** Splits layers so that they are at most `budget`. The first one is the kernel's. Throws `SLICE_INVALID` for less than 3. */
export function packLayers(layers: readonly ShipLayer[], budget: number): Packing {
  if (budget < LEAST_LAYERS) {
    throw new SlicesError('SLICE_INVALID', `Cannot pack ${layers.length} layers into ${budget}`, {
      hint: `Give the profile at least ${LEAST_LAYERS} layers: the kernel, one more, and what shares one.`,
    });
  }
  if (layers.length <= budget) return { alone: layers, shared: [] };
  const [kernel, ...others] = layers;
  const bySize = others.toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.digest < b.digest ? -1 : 1));
  const big = new Set(bySize.slice(0, budget - 2));
  return {
    alone: layers.filter((layer) => layer === kernel || big.has(layer)),
    shared: others.filter((layer) => !big.has(layer)),
  };
}

/** A layer's place and members, for {@link shareLayer}. */
export interface LayerMembers {
  readonly members: readonly Member[];
  /** Whether it is one of those that share. */
  readonly shared: boolean;
}

/**
 * The members of the shared layer. `layers` are all layers of the image from the bottom up: a path shows what the topmost
 * of them has, as it would if each were a layer of its own. So what a layer with a place of its own has above a sharing
 * one is left out of the shared layer.
 */
export function shareLayer(layers: readonly LayerMembers[]): readonly Member[] {
  const paths = new Map<string, Member>();
  for (const { members, shared } of layers) {
    for (const member of members) {
      if (shared) paths.set(member.path, member);
      else paths.delete(member.path);
    }
  }
  return [...paths.values()].map((member) => withoutLink(member, paths, layers));
}

/** A link whose file is not in the shared layer becomes the file itself. */
function withoutLink(
  member: Member,
  paths: ReadonlyMap<string, Member>,
  layers: readonly LayerMembers[],
): Member {
  const { what } = member;
  if (what.type !== 'link') return member;
  const own = layers.findLast(({ members }) => members.includes(member))?.members ?? [];
  const file = own.find(({ path }) => path === what.target);
  if (file === undefined || paths.get(what.target) === file) return member;
  return { ...member, what: file.what };
}
