/** What a build tells as it goes on. */
import type { SlicesError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';

export type BuildEvent =
  /** All is known: so many nodes are looked at. */
  | { readonly kind: 'planned'; readonly total: number }
  /** Files of pins are brought into the cache before the first node is begun: so many, and what was last heard of it. */
  | { readonly kind: 'fetching'; readonly files: number; readonly text: string }
  /** The store has it. */
  | { readonly kind: 'found'; readonly node: GraphNode }
  | { readonly kind: 'started'; readonly node: GraphNode }
  | {
      readonly kind: 'step';
      readonly node: GraphNode;
      readonly step: string;
      /** How many lines it printed the last time that the node was built. */
      readonly lines?: number;
    }
  /** A step printed a line. */
  | { readonly kind: 'line'; readonly node: GraphNode; readonly text: string }
  | {
      readonly kind: 'built';
      readonly node: GraphNode;
      readonly seconds: number;
      /** It came to the same bytes as the last time. */
      readonly same: boolean;
    }
  | { readonly kind: 'failed'; readonly node: GraphNode; readonly error: SlicesError }
  /** It was not tried, for something that it needs failed. */
  | { readonly kind: 'left out'; readonly node: GraphNode }
  /** Nothing more happens. */
  | { readonly kind: 'over' };

/** Hears of a build. */
export type BuildEvents = (event: BuildEvent) => void;

export const silentEvents: BuildEvents = () => {};
