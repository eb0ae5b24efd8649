/** How a slice comes about: steps in the sandbox, or files that are given as they are. Plain data, so that it can be hashed. */

/** One step of a build: a shell script (`bash -eu -o pipefail`), run in the sandbox in `/build`. */
export interface BuildStep {
  readonly name: string;
  readonly script: string;
}

/** One file of a slice that is assembled, not built. Paths are relative to the root. */
export type LayerEntry = { readonly path: string; readonly uid?: number; readonly gid?: number } & (
  | { readonly type: 'file'; readonly mode: number; readonly contents: string }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }
);

/**
 * `steps`: in the sandbox the source is unpacked in `/build/source`, the `dev` output of each need lies in
 * `/needs/<name>`, each of `inputs` in `/inputs/<name>`, and what is put into `/out` is the result.
 * `entries`: files, directories and links; a `directory` source's files are added to them.
 */
export type Recipe =
  | {
      readonly kind: 'steps';
      readonly steps: readonly BuildStep[];
      /** Small texts that the steps read, by file name. */
      readonly inputs?: Readonly<Record<string, string>>;
      /** Whether C compilers may take objects of earlier builds of the slice in place of compiling the same again. */
      readonly compilerCache?: true;
    }
  | { readonly kind: 'entries'; readonly entries: readonly LayerEntry[] };

/** Names of outputs: `runtime` goes into images, `dev` into other builds, `tool` runs on the machine that builds. */
export const OUTPUT_NAMES = ['runtime', 'dev', 'tool'] as const;

export type OutputName = (typeof OUTPUT_NAMES)[number];

/** By output, the prefixes of the paths in `/out` that go into it; `''` takes all. */
export type Outputs = Readonly<Partial<Record<OutputName, readonly string[]>>>;
