/** What is wrong with a recipe, or with its outputs: the first fault, where it is, and how to mend it. */
import { entriesFault } from './entries-fault.ts';
import { faultOf, firstFault, quoted, type RecipeFault } from './fault.ts';
import { fileNameFault, isLine, pathFault } from './path-names.ts';
import type { Outputs, Recipe } from './recipe.ts';

const NO_RECIPE: RecipeFault = {
  field: 'build',
  why: 'it gives no recipe',
  hint: "Return { kind: 'steps', steps } or { kind: 'entries', entries }, and no promise of it.",
};

/** The first name in a recipe that would lead out of its directory, or to nothing; the first entry that no layer can hold as it is meant. */
export function recipeFault(recipe: Recipe): RecipeFault | undefined {
  // Types are looked at by the compiler alone, which a build does not wait for.
  const kind: unknown = Reflect.get(Object(recipe), 'kind');
  if (kind !== 'steps' && kind !== 'entries') return NO_RECIPE;
  if (recipe.kind === 'entries') return entriesFault(recipe.entries);
  const shapeless = stepsFault(recipe.steps) ?? inputsFault(recipe.inputs);
  if (shapeless !== undefined) return shapeless;
  const inputs = Object.keys(recipe.inputs ?? {}).map((name) =>
    faultOf('build.inputs', `${quoted(name)} names no file`, fileNameFault(name), INPUT_HINT),
  );
  const steps = recipe.steps.map(({ name }) => {
    const why = isLine(name) ? undefined : 'it is no line of text';
    return faultOf('build.steps', `${quoted(name)} names no step`, why, 'Give it a word or two.');
  });
  return firstFault([...inputs, ...steps]);
}

const STEP_HINT = "Give a list of steps like { name: 'compile', script: 'make -C source' }.";

const noStep = (why: string): RecipeFault => ({ field: 'build.steps', why, hint: STEP_HINT });

function stepsFault(steps: unknown): RecipeFault | undefined {
  if (!Array.isArray(steps)) return noStep('it is no list');
  return firstFault(
    steps.map((step: unknown, index) => {
      const [name, script]: readonly unknown[] = ['name', 'script'].map((field) =>
        Reflect.get(Object(step), field),
      );
      if (typeof name !== 'string') return noStep(`number ${index + 1} of them is no step`);
      return typeof script === 'string' ? undefined : noStep(`${quoted(name)} has no script`);
    }),
  );
}

function inputsFault(inputs: unknown = {}): RecipeFault | undefined {
  const [name] = Object.entries(Object(inputs)).find(([, text]) => typeof text !== 'string') ?? [];
  if (name === undefined) return undefined;
  const hint = 'Give the text that the steps read in /inputs.';
  return { field: 'build.inputs', why: `${quoted(name)} is no text`, hint };
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
