/**
 * What a slice is: one package of the OS, from its source to the layers that it becomes.
 *
 * A definition is plain data, so that its cache key can be computed without running anything. What it leaves out:
 * options, profiles, cross-compilation.
 */
import { SlicesError } from './errors.ts';
import type { DebianSource } from './sources/debian-source.ts';

/**
 * What a slice asks of the kernel, as a line of its configuration without the prefix: `EROFS_FS=y`, `NR_CPUS=64`,
 * `DEFAULT_HOSTNAME="cocon"`. What no slice asks for is off, unless the kernel forces it on.
 */
export type KernelDemand = string;

/** One file of a slice that is assembled, not built. */
export type LayerEntry = { readonly path: string; readonly uid?: number; readonly gid?: number } & (
  | { readonly type: 'file'; readonly mode: number; readonly contents: string | Uint8Array }
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'symlink'; readonly target: string }
);

/** One step of a build: a shell script (`bash -eu -o pipefail`), run in the sandbox in `/build`. */
export interface BuildStep {
  readonly name: string;
  readonly script: string;
  /**
   * Looks at the host's path of `/build` when the step is over, and throws when it does not like what it sees. It may
   * refuse a build but never change one, so it is no part of the cache key.
   */
  readonly check?: (buildDirectory: string) => Promise<void>;
}

/**
 * How a slice comes about.
 *
 * `steps`: in the sandbox, the source is unpacked in `/build/source`, the `dev` output of each need lies in
 * `/needs/<name>`, each of `inputs` in `/inputs/<name>`, and what is put into `/out` is the result.
 * `entries`: the files are given as they are.
 */
export type Build =
  | {
      readonly kind: 'steps';
      readonly steps: readonly BuildStep[];
      readonly inputs?: Readonly<Record<string, string>>;
      /** Debian packages of the host beyond the common toolchain; their versions are part of the key. */
      readonly hostPackages?: readonly string[];
    }
  | { readonly kind: 'entries'; readonly entries: readonly LayerEntry[] };

/** Names of outputs: `runtime` goes into images, `dev` into other builds, `tool` runs on the host. */
export const OUTPUT_NAMES = ['runtime', 'dev', 'tool'] as const;

export type OutputName = (typeof OUTPUT_NAMES)[number];

/** A slice. Paths in `outputs` are prefixes relative to the root; `''` takes all that a build left. */
export interface Slice {
  readonly name: string;
  readonly version: string;
  /** SPDX licence expression of what ships. */
  readonly license: string;
  readonly summary: string;
  readonly source?: DebianSource;
  readonly needs?: readonly Slice[];
  readonly kernel?: readonly KernelDemand[];
  readonly build: Build;
  readonly outputs: Readonly<Partial<Record<OutputName, readonly string[]>>>;
}

/** A slice's name or an output's path component: what can safely be a file name. */
const SAFE_NAME = /^[a-z0-9][a-z0-9.-]*$/;

/**
 * Ties a definition to its type and checks what types cannot.
 *
 * @throws SlicesError `SLICE_INVALID`
 */
export function defineSlice(slice: Slice): Slice {
  const refuse = (what: string, hint: string): never => {
    throw new SlicesError('SLICE_INVALID', `Cannot define slice "${slice.name}": ${what}`, { hint });
  };
  if (!SAFE_NAME.test(slice.name)) refuse('its name has other characters than a-z 0-9 . -', 'Rename it.');
  if (Object.keys(slice.outputs).length === 0) {
    refuse('it has no output', "Most slices have one: outputs: { runtime: [''] }.");
  }
  if (slice.build.kind === 'entries' && slice.source !== undefined) {
    refuse('it has a source but no steps that build it', "Use build: { kind: 'steps' }.");
  }
  if (slice.build.kind === 'entries' && Object.keys(slice.outputs).join() !== 'runtime') {
    refuse(
      'what is assembled from files has no other output than runtime',
      "Write outputs: { runtime: [''] }.",
    );
  }
  for (const name of Object.keys((slice.build.kind === 'steps' && slice.build.inputs) || {})) {
    if (!SAFE_NAME.test(name)) refuse(`input "${name}" has other characters than a-z 0-9 . -`, 'Rename it.');
  }
  return slice;
}
