/**
 * What the fields of a definition are made of. Types are looked at by the compiler alone, which a build does not wait for; so
 * a slip is an error with its field and the way out, and no field comes to nothing because it is misspelt.
 */
import { didYouMean } from '../near-names.ts';
import { firstFault, type RecipeFault } from './fault.ts';
import { isOption, takesValue, wantedValue } from './options.ts';
import { LEAST_LAYERS } from './layer-count.ts';
import { isLine } from './path-names.ts';
import { OUTPUT_NAMES } from './recipe.ts';
import { TARGETS } from './target.ts';

/** What is wrong with the value of the field of that name. */
type Look = (value: unknown, field: string) => RecipeFault | undefined;

/** A field: what is looked at, and what is said if it is missing; nothing, if it may be. */
interface Field {
  readonly look: Look;
  readonly missing?: string;
}

/** A list whose elements are all of one sort, and what is said of one that is not. */
export interface ListShape {
  readonly isOne: (value: unknown) => boolean;
  readonly noun: string;
  readonly hint: string;
}

/** What is wrong with a list. */
export function listFault(
  value: unknown,
  field: string,
  { isOne, noun, hint }: ListShape,
): RecipeFault | undefined {
  if (!Array.isArray(value)) return { field, why: 'it is no list', hint };
  const other = value.findIndex((each: unknown) => !isOne(each));
  return other === -1 ? undefined : { field, why: `number ${other + 1} of them is no ${noun}`, hint };
}

const has = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && name in value;
const isText = (value: unknown): boolean => typeof value === 'string';
const isSlice = (value: unknown): boolean => has(value, 'definedAt') && has(value, 'outputs');

const slices = (hint: string): ListShape => ({ isOne: isSlice, noun: 'slice', hint });

export const DEMANDS: ListShape = {
  isOne: (value) => has(value, 'symbol') && has(value, 'value'),
  noun: 'demand',
  hint: 'Give a list of them: kernel: (k) => [k.EROFS_FS, k.NR_CPUS.is(64)].',
};

export const TESTS: ListShape = {
  isOne: (value) => has(value, 'commands'),
  noun: 'test',
  hint: "Give a list of them: tests: ({ vm }) => [vm.boots().run('true')].",
};

export const PACKAGES: ListShape = {
  isOne: isText,
  noun: 'name',
  hint: "Give a list of them: packages: ['bc'].",
};

const anything: Look = () => undefined;
const when =
  (isRight: (value: unknown) => boolean, why: (value: unknown) => string, hint: string): Look =>
  (value, field) =>
    isRight(value) ? undefined : { field, why: why(value), hint };
const list =
  (shape: ListShape): Look =>
  (value, field) =>
    listFault(value, field, shape);
const aFunction = (hint: string): Look =>
  when(
    (value) => typeof value === 'function',
    () => 'it is no function',
    hint,
  );
const aLine = (hint: string): Field => ({
  look: when(
    (value) => typeof value === 'string' && isLine(value),
    () => 'it is no line of text',
    hint,
  ),
  missing: hint,
});
const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

const SUMMARY = aLine('Say in one line, without a period, what it is.');
const SAFE_NAME = 'Give it one of a-z 0-9 . -, which is its file name too.';
const NAME: Field = { look: anything, missing: SAFE_NAME };
const KERNEL = aFunction(DEMANDS.hint);
const TRIED = aFunction(TESTS.hint);
const BUILD =
  "Give a function: build: () => ({ kind: 'steps', steps: [{ name: 'compile', script: 'make' }] }).";
const OUTPUTS = "Most slices have one: outputs: { runtime: [''] }.";
const SOURCE_KINDS: readonly unknown[] = ['debian', 'url', 'git', 'crates', 'local'];
const SOURCE_HINT = 'Make it by debianSource(), urlSource(), gitSource(), cratesSource() or localSource().';

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A table of fields, as a definition is one. */
function table(fields: Readonly<Record<string, Field>>, hint: string): Look {
  return (value, field) => {
    if (!isTable(value)) return { field, why: 'it is no table', hint };
    const fault = shapeFault(value, fields);
    return fault === undefined ? undefined : { ...fault, field: `${field}.${fault.field}` };
  };
}

const optionsLook: Look = (value, field) => {
  const hint = "Make each by flag(false, '…'), choice(['a', 'b'], 'a', '…') or text('', '…').";
  if (!isTable(value)) return { field, why: 'it is no table', hint };
  return firstFault(
    Object.entries(value).map(([name, option]: readonly [string, unknown]) => {
      const place = `${field}.${name}`;
      if (!isOption(option)) return { field: place, why: 'it is no option', hint };
      if (takesValue(option, option.default)) return undefined;
      const why = `its default ${shown(option.default)} is not one that it takes`;
      return { field: place, why, hint: `It takes ${wantedValue(option)}.` };
    }),
  );
};

const outputsLook: Look = (value, field) => {
  if (!isTable(value)) return { field, why: 'it is no table', hint: OUTPUTS };
  return firstFault(
    Object.entries(value).map(([name, prefixes]: readonly [string, unknown]) => {
      const place = `${field}.${name}`;
      if (!OUTPUT_NAMES.some((known) => known === name)) {
        const hint = `${didYouMean(name, OUTPUT_NAMES)}There is ${OUTPUT_NAMES.join(', ')}.`;
        return { field: place, why: 'there is no such output', hint };
      }
      const hint = `List the beginnings of its paths below /out; [''] is all: ${name}: [''].`;
      const isList = Array.isArray(prefixes) && prefixes.every(isText);
      return isList ? undefined : { field: place, why: 'it is no list of texts', hint };
    }),
  );
};

/** Those of a slice. Its version and the paths of its outputs are looked at by defineSlice(). */
export const SLICE_FIELDS: Readonly<Record<string, Field>> = {
  name: NAME,
  version: { look: anything },
  license: aLine("Give the SPDX expression of what ships, like 'MIT' or 'GPL-2.0-only'."),
  summary: SUMMARY,
  source: {
    look: when(
      (value) => SOURCE_KINDS.includes(Reflect.get(Object(value), 'kind')),
      () => 'it is none',
      SOURCE_HINT,
    ),
  },
  needs: { look: list(slices('Import them from their slice.ts and list them: needs: [musl].')) },
  runsWith: { look: list(slices('Import them from their slice.ts and list them: runsWith: [busybox].')) },
  runsOn: {
    look: when(
      (value) => value === 'host',
      (value) => `${shown(value)} is nothing that it can run on`,
      "Write 'host' for what runs on the machine that builds, and leave it out for what runs on the target.",
    ),
  },
  options: { look: optionsLook },
  kernel: { look: KERNEL },
  cannotBuild: {
    look: when(
      (value) =>
        isTable(value) &&
        Object.values(value).every((each) =>
          ['why', 'instead'].every((name) => isText(Reflect.get(Object(each), name))),
        ),
      () => 'it is no table of symbols',
      "Write it like cannotBuild: { FB_RIVA: { why: 'its files are not there', instead: 'Demand DRM_NOUVEAU.' } }.",
    ),
  },
  packages: {
    look: (value, field) => (typeof value === 'function' ? undefined : listFault(value, field, PACKAGES)),
  },
  build: { look: aFunction(BUILD), missing: BUILD },
  outputs: { look: outputsLook, missing: OUTPUTS },
  tests: { look: TRIED },
  budget: { look: table({ size: { look: anything } }, "Write it like budget: { size: '40 KiB' }.") },
  definedAt: { look: anything },
};

const isShare = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value > 0;
const SLICES_HINT =
  'Import them from their slice.ts and list what is in its image: slices: [linux, baseFiles, busybox].';

/** Those of a profile. Its command line is looked at by assertInput(). */
export const PROFILE_FIELDS: Readonly<Record<string, Field>> = {
  name: NAME,
  summary: SUMMARY,
  slices: { look: list(slices(SLICES_HINT)), missing: SLICES_HINT },
  options: {
    look: list({
      isOne: (value) => isSlice(Reflect.get(Object(value), 'slice')) && has(value, 'values'),
      noun: 'setting',
      hint: 'List what configure() gives: options: [configure(busybox, { vi: false })].',
    }),
  },
  kernel: { look: KERNEL },
  commandLine: { look: anything },
  tests: { look: TRIED },
  budget: {
    look: table(
      {
        size: { look: anything },
        kernel: { look: anything },
        bootRatio: {
          look: when(
            isShare,
            (value) => `${shown(value)} is no share`,
            "Write it like 0.6, of the time that Debian's kernel and initrd take.",
          ),
        },
      },
      "Write it like budget: { size: '6 MiB', bootRatio: 0.6 }.",
    ),
  },
  layers: {
    look: when(
      (value) => Number.isSafeInteger(value) && Number(value) >= LEAST_LAYERS,
      (value) => `${shown(value)} is no number of layers`,
      `Give a whole number from ${LEAST_LAYERS} on: the kernel, one more, and what shares one.`,
    ),
  },
  definedAt: { look: anything },
};

const TARGET_HINT = `It is one of ${TARGETS.join(', ')}.`;

const BOARD_BUDGET = "Write it like budget: { kernel: '100 KiB', why: 'Broadcom network cards' }.";

/** Those of a board. */
export const BOARD_FIELDS: Readonly<Record<string, Field>> = {
  name: NAME,
  summary: SUMMARY,
  target: {
    look: when(
      (value) => TARGETS.some((target) => target === value),
      (value) => `${shown(value)} is no target`,
      TARGET_HINT,
    ),
    missing: TARGET_HINT,
  },
  kernel: { look: KERNEL, missing: DEMANDS.hint },
  commandLine: {
    look: anything,
    missing: "Give the words for the console: commandLine: 'console=ttyS0,115200'.",
  },
  budget: {
    look: table(
      {
        kernel: { look: anything, missing: BOARD_BUDGET },
        why: aLine(BOARD_BUDGET),
      },
      BOARD_BUDGET,
    ),
  },
  definedAt: { look: anything },
};

/** The first field that is not there, is not what it has to be, or is none. */
export function shapeFault(
  definition: object,
  fields: Readonly<Record<string, Field>>,
): RecipeFault | undefined {
  const unknown = Object.keys(definition).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) {
    const names = Object.keys(fields).filter((name) => name !== 'definedAt');
    const hint = `${didYouMean(unknown, names)}The fields are ${names.join(', ')}.`;
    return { field: unknown, why: 'there is no such field', hint };
  }
  return firstFault(
    Object.entries(fields).map(([field, { look, missing }]) => {
      const value: unknown = Reflect.get(definition, field);
      if (value !== undefined) return look(value, field);
      return missing === undefined ? undefined : { field, why: 'it is missing', hint: missing };
    }),
  );
}
