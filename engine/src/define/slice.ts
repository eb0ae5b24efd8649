/**
 * A slice: one package of the OS, from its pinned source to the layers that it becomes. A definition is evaluated without
 * clock, environment, network or chance, and gives plain data (`cocon synth`).
 */
import { SlicesError } from '../errors.ts';
import type { Demand, KernelSymbols } from '../kconfig/symbols.ts';
import type { ToolchainPackage } from '../../toolchain/packages.ts';
import type { KernelFacts } from './kernel-facts.ts';
import { definitionPlace } from './location.ts';
import type { OptionTable, OptionValues } from './options.ts';
import { isLine } from './path-names.ts';
import { outputsFault } from './recipe-fault.ts';
import type { Outputs, Recipe } from './recipe.ts';
import { shapeFault, SLICE_FIELDS } from './shape.ts';
import type { SizeText } from './size.ts';
import type { Source } from './source.ts';
import type { Target, TargetNames } from './target.ts';
import type { vm, VmTest } from './vm-test.ts';

/** What a definition may look at. */
export interface DefinitionContext<Options extends OptionTable> {
  readonly options: OptionValues<Options>;
  /** What the output runs on; for a host tool, the machine that builds. */
  readonly target: TargetNames & { readonly name: Target };
}

/** What a build may look at besides. */
export interface BuildContext<Options extends OptionTable> extends DefinitionContext<Options> {
  /** What it reads of the kernel becomes part of the slice's key. */
  readonly kernel: KernelFacts;
  /** The merged demands of the whole system as a `.config` fragment. Reading it ties the slice to each of them. */
  kernelFragment(): string;
}

/** Kernel symbols that cannot be had, and for each the reason and the way out, a sentence each. */
export type CannotBuild = Readonly<Record<string, { readonly why: string; readonly instead: string }>>;

/** What {@link defineSlice} takes. */
export interface SliceDefinition<Options extends OptionTable = OptionTable> {
  readonly name: string;
  readonly version: string;
  /** SPDX licence expression of what ships. */
  readonly license: string;
  /** What it is, in one line without a period. */
  readonly summary: string;
  readonly source?: Source;
  /** Slices whose `dev` output lies in `/needs/<name>` while this one is built. */
  readonly needs?: readonly Slice[];
  /** Slices that an image with this one has to have too. */
  readonly runsWith?: readonly Slice[];
  /** `host`: its output runs on the machine that builds. Else on the target. */
  readonly runsOn?: 'host';
  readonly options?: Options;
  /** What it asks of the kernel: `(k) => [k.EROFS_FS, k.NR_CPUS.is(64)]`. */
  kernel?(symbols: KernelSymbols, context: DefinitionContext<Options>): readonly Demand[];
  /** Of the slice that builds the kernel: symbols that Kconfig offers and that its build cannot give. */
  readonly cannotBuild?: CannotBuild;
  /**
   * Debian packages beyond the common toolchain that its steps run: of the pinned toolchain, or
   * pinned by the project (`cocon pins add`).
   */
  readonly packages?:
    | readonly ToolchainPackage[]
    | ((context: Pick<DefinitionContext<OptionTable>, 'target'>) => readonly ToolchainPackage[]);
  build(context: BuildContext<Options>): Recipe;
  readonly outputs: Outputs;
  /** What is tried on a booted machine that has this slice. */
  tests?(tools: { readonly vm: typeof vm }): readonly VmTest[];
  /** Upper bounds that fail the build. `size` is the sum of the bytes of the runtime layer's files. */
  readonly budget?: { readonly size?: SizeText };
}

/** A defined slice. Others refer to it by this handle, so that a renamed slice is a compile error. */
export interface Slice<Options extends OptionTable = OptionTable> extends SliceDefinition<Options> {
  /** Where it was defined, for errors: `slices/musl/slice.ts:7`. */
  readonly definedAt: string;
}

/** A slice's name: what can safely be a file name. */
const SAFE_NAME = /^[a-z0-9][a-z0-9.-]*$/;

/** An error of a definition: of what, which field, which file, and the way out. */
export function definitionInvalid(
  what: 'slice' | 'profile' | 'board',
  { name, definedAt }: { readonly name: string; readonly definedAt: string },
  field: string,
  why: string,
  hint: string,
): SlicesError {
  return new SlicesError('SLICE_INVALID', `Cannot use ${what} "${name}": ${field}: ${why} (${definedAt})`, {
    hint,
    facts: { [what]: name, field, file: definedAt },
  });
}

/** {@link definitionInvalid} of a slice. */
export function sliceInvalid(
  slice: Pick<Slice, 'name' | 'definedAt'>,
  field: string,
  why: string,
  hint: string,
): SlicesError {
  return definitionInvalid('slice', slice, field, why, hint);
}

/**
 * Ties a definition to its types and checks what types cannot.
 *
 * @throws SlicesError `SLICE_INVALID`
 */
export function defineSlice<const Options extends OptionTable = OptionTable>(
  definition: SliceDefinition<Options>,
): Slice<Options> {
  const slice: Slice<Options> = { ...definition, definedAt: definitionPlace() };
  const shapeless = shapeFault(slice, SLICE_FIELDS);
  if (shapeless !== undefined) throw sliceInvalid(slice, shapeless.field, shapeless.why, shapeless.hint);
  if (!SAFE_NAME.test(slice.name)) {
    throw sliceInvalid(slice, 'name', 'it has other characters than a-z 0-9 . -', 'Rename it.');
  }
  const version: unknown = slice.version;
  if (typeof version !== 'string' || !isLine(version)) {
    throw sliceInvalid(
      slice,
      'version',
      `${JSON.stringify(version)} is no version`,
      'Give that of its source in one line; it stands in the image.',
    );
  }
  if (Object.keys(slice.outputs).length === 0) {
    throw sliceInvalid(
      slice,
      'outputs',
      'there is none',
      "Most slices have one: outputs: { runtime: [''] }.",
    );
  }
  const fault = outputsFault(slice.outputs);
  if (fault !== undefined) throw sliceInvalid(slice, fault.field, fault.why, fault.hint);
  return slice;
}

/** A setting of a slice's options by a profile or an image. */
export interface OptionSetting {
  readonly slice: Slice;
  readonly values: Readonly<Record<string, boolean | string | undefined>>;
}

/** Sets options of a slice: `configure(busybox, { vi: false })`. */
export function configure<Options extends OptionTable>(
  slice: Slice<Options>,
  values: Partial<OptionValues<Options>>,
): OptionSetting {
  return { slice, values };
}
