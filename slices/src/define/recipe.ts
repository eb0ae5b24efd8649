/** How a slice comes about: steps in the sandbox, or files that are given as they are. Plain data, so that it can be hashed. */
import { fileNameFault, pathFault } from './path-names.ts';

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
    }
  | { readonly kind: 'entries'; readonly entries: readonly LayerEntry[] };

/** Names of outputs: `runtime` goes into images, `dev` into other builds, `tool` runs on the machine that builds. */
export const OUTPUT_NAMES = ['runtime', 'dev', 'tool'] as const;

export type OutputName = (typeof OUTPUT_NAMES)[number];

/** By output, the prefixes of the paths in `/out` that go into it; `''` takes all. */
export type Outputs = Readonly<Partial<Record<OutputName, readonly string[]>>>;

/** A part of a slice's definition that names what cannot be named so. */
export interface RecipeFault {
  /** `build.inputs`, `outputs.dev`. */
  readonly field: string;
  readonly why: string;
  readonly hint: string;
}

/** The first name in a recipe that would lead out of its directory, or to nothing. */
export function recipeFault(recipe: Recipe): RecipeFault | undefined {
  if (recipe.kind === 'entries') return firstFault(recipe.entries.map(entryFault));
  const inputs = Object.keys(recipe.inputs ?? {}).map((name) =>
    faultOf('build.inputs', `${quoted(name)} names no file`, fileNameFault(name), INPUT_HINT),
  );
  const steps = recipe.steps.map(({ name }) => {
    const why = name.trim() === '' || /\p{Cc}/u.test(name) ? 'it is no line of text' : undefined;
    return faultOf('build.steps', `${quoted(name)} names no step`, why, 'Give it a word or two.');
  });
  return firstFault([...inputs, ...steps]);
}

/** The first output that is taken from no path below `/out`. The prefix `''` is all of it. */
export function outputsFault(outputs: Outputs): RecipeFault | undefined {
  return firstFault(
    Object.entries(outputs).flatMap(([name, prefixes]) =>
      prefixes.map((prefix) =>
        faultOf(
          `outputs.${name}`,
          `${quoted(prefix)} is no path below /out`,
          prefix === '' ? undefined : pathFault(prefix),
          'Write it like lib/libcap.a, or as an empty text for all that there is.',
        ),
      ),
    ),
  );
}

const INPUT_HINT = 'Give it a plain name like config.h: it lies in /inputs, which has no directories.';

function entryFault(entry: LayerEntry): RecipeFault | undefined {
  const hint = 'Write it like etc/cocon/keys, without a slash at either end.';
  const path = faultOf(
    'build.entries',
    `${quoted(entry.path)} is no plain path`,
    pathFault(entry.path),
    hint,
  );
  if (path !== undefined || entry.type !== 'symlink') return path;
  const { target } = entry;
  const why = target === '' ? 'it is empty' : target.includes('\0') ? 'it has a NUL' : undefined;
  const what = `the link ${entry.path} cannot lead to ${quoted(target)}`;
  return faultOf('build.entries', what, why, 'Name the path that it stands for.');
}

function faultOf(
  field: string,
  what: string,
  why: string | undefined,
  hint: string,
): RecipeFault | undefined {
  return why === undefined ? undefined : { field, why: `${what}: ${why}`, hint };
}

function firstFault(faults: readonly (RecipeFault | undefined)[]): RecipeFault | undefined {
  return faults.find((fault) => fault !== undefined);
}

/** With control characters written out. */
function quoted(name: string): string {
  return JSON.stringify(name);
}
