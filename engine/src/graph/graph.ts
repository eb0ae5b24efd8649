/**
 * The evaluated tree: plain JSON, the same on every machine for the same definitions. Builds, `why`, graphs, size maps,
 * licence reports and SBOMs are made of it and of nothing else.
 */
import type { FactRead } from '../define/kernel-facts.ts';
import type { OutputName, Recipe } from '../define/recipe.ts';
import type { Platform, Target } from '../define/target.ts';
import type { VmTest } from '../define/vm-test.ts';
import type { LockedCrate } from '../sources/cargo-lock.ts';
import type { LockedPackage } from '../toolchain/lock.ts';

/** `<slice>@<platform>`: `busybox@x86_64`, `erofs-utils@host`. */
export type NodeId = string;

/** A patch of a slice's own. Its contents are in the key, its name and place are not. */
export interface GraphPatch {
  readonly name: string;
  /** Relative to the repository; outside of it, absolute. */
  readonly path: string;
  /** Of the file, lower-case hexadecimal. */
  readonly sha256: string;
}

/** What is changed in a source after it is unpacked, in this order. */
export interface GraphPatched {
  readonly patches?: readonly GraphPatch[];
}

/** A source as it enters the key. */
export type GraphSource =
  | (GraphPatched & {
      readonly kind: 'debian';
      readonly package: string;
      readonly version: string;
      /** Files that are fetched, the upstream archive first. */
      readonly files: readonly { readonly name: string; readonly sha256: string }[];
      /** The version that the repository pins, if the lock of this machine's cache has moved it. Not in the key. */
      readonly movedFrom?: string;
      readonly patched: boolean;
      readonly exclude: readonly string[];
    })
  | (GraphPatched & {
      readonly kind: 'url';
      readonly url: string;
      readonly sha256: string;
      readonly exclude: readonly string[];
    })
  | (GraphPatched & { readonly kind: 'git'; readonly url: string; readonly commit: string })
  | { readonly kind: 'crates'; readonly crates: readonly LockedCrate[] }
  | {
      readonly kind: 'local';
      /** Relative to the repository; outside of it, absolute. Not in the key. */
      readonly path: string;
      /** Over the paths, modes and contents of its files, lower-case hexadecimal SHA-256. */
      readonly digest: string;
    };

/** One thing to build. */
export interface GraphNode {
  readonly id: NodeId;
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly summary: string;
  readonly platform: Platform;
  /** `slices/musl/slice.ts:7`. Not in the key. */
  readonly definedAt: string;
  readonly source?: GraphSource;
  /** Nodes whose `dev` output it sees. */
  readonly needs: readonly NodeId[];
  /** Options and the values that they have. */
  readonly options: Readonly<Record<string, boolean | string>>;
  /** Kernel facts that its build has read. */
  readonly facts: readonly FactRead[];
  /** Debian packages of its sandbox, the common ones and the target's compiler among them; sorted. */
  readonly packages: readonly string[];
  readonly recipe: Recipe;
  readonly outputs: Readonly<Partial<Record<OutputName, readonly string[]>>>;
  readonly tests: readonly VmTest[];
  readonly budget: { readonly sizeBytes?: number };
}

/** A merged demand on the kernel. */
export interface GraphDemand {
  readonly symbol: string;
  /** As in `.config`: `y`, `n`, `64`, `"text"`. */
  readonly value: string;
  /** Slices, the profile and the board that ask for it, sorted. */
  readonly askedBy: readonly string[];
}

/** The evaluated tree of one profile on one board. */
export interface Graph {
  readonly format: 'cocon.graph/1';
  readonly profile: string;
  readonly board: string;
  readonly target: Target;
  readonly commandLine: string;
  /** Merged, sorted by symbol. */
  readonly demands: readonly GraphDemand[];
  /** Sorted so that needs come first. */
  readonly nodes: readonly GraphNode[];
  /** The nodes whose runtime layers make the image, from the bottom up, kernel first. */
  readonly image: readonly NodeId[];
  readonly tests: readonly VmTest[];
  readonly budget: { readonly sizeBytes?: number; readonly bootRatio?: number };
  readonly layerBudget: number;
  /**
   * Packages of its sandboxes that the project pins and this repository does not; absent where
   * there is none. In the keys of the builds that ask for them.
   */
  readonly additions?: readonly LockedPackage[];
}
