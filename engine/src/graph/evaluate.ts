/**
 * Turns typed definitions into the graph: which slices an image holds, what they ask of the kernel, how each is built and
 * out of what. Only files of this repository are read, to hash them; nothing is fetched and nothing is built.
 */
import { messageOf } from '@cocon-os/cli';

import type { Board } from '../define/board.ts';
import { trackedFacts } from '../define/kernel-facts.ts';
import type { Profile } from '../define/profile.ts';
import { recipeFault } from '../define/recipe-fault.ts';
import { DEMANDS, listFault, PACKAGES, TESTS, type ListShape } from '../define/shape.ts';
import { bytesOf, SIZE_HINT, type SizeText } from '../define/size.ts';
import { definitionInvalid, sliceInvalid, type OptionSetting, type Slice } from '../define/slice.ts';
import { TARGET_NAMES, type Platform, type Target } from '../define/target.ts';
import { vm, type VmTest } from '../define/vm-test.ts';
import { SlicesError } from '../errors.ts';
import { fragmentOf, mergeDemands } from '../kconfig/merge.ts';
import { kernelSymbols, type Demand } from '../kconfig/symbols.ts';
import { didYouMean } from '../near-names.ts';
import { COMMON_PACKAGES, CROSS_PACKAGES, EXTRA_PACKAGES } from '../../toolchain/packages.ts';
import { additionsFor, noAdditions, type Additions } from '../pins/additions.ts';
import { toolchainLock } from '../pins/pins.ts';
import { assertConfigured, assertInput, nothingToBuild } from './assert-input.ts';
import type { Graph, GraphDemand, GraphNode, NodeId } from './graph.ts';
import { optionValues } from './option-values.ts';
import { atPlaceOf } from './place-of-error.ts';
import { plainSource } from './plain-source.ts';
import { ImpureError, purely, watching } from './pure.ts';

/** What is evaluated. */
export interface EvaluateInput {
  readonly profile: Profile;
  readonly board: Board;
  /** Slices on top of the profile's: what makes a release this one. */
  readonly extra?: readonly Slice[];
  /** Slices that are built but are in no image: tools for the machine that builds. */
  readonly tools?: readonly Slice[];
  /** Option settings over the profile's. */
  readonly options?: readonly OptionSetting[];
  /** What the project pins besides the packages of the toolchain. */
  readonly additions?: Additions | undefined;
}

/** Layers of an image if its profile does not say: well below the 127 at which container engines stop. */
const LAYER_BUDGET = 100;

/** The machine that builds. */
const HOST: Target = 'x86_64';

/** A slice on a platform, before its build is evaluated. */
interface Planned {
  readonly id: NodeId;
  readonly slice: Slice;
  readonly platform: Platform;
  readonly options: Readonly<Record<string, boolean | string>>;
  readonly needs: readonly NodeId[];
}

/**
 * Evaluates a profile for a board.
 *
 * @throws SlicesError `SLICE_INVALID`, `SLICE_CYCLE`, `KERNEL_DEMAND_INVALID`,
 * `KERNEL_DEMAND_CONFLICT`, `TOOLCHAIN_PACKAGE_UNKNOWN`, `TOOLCHAIN_ADDITIONS_STALE`
 */
export async function evaluate(input: EvaluateInput): Promise<Graph> {
  return await watching(() => graphOf(input));
}

async function graphOf(input: EvaluateInput): Promise<Graph> {
  const {
    profile,
    board,
    extra = [],
    tools = [],
    options = [],
    additions = noAdditions(toolchainLock),
  } = input;
  assertInput(profile, board);
  const settings = [...(profile.options ?? []), ...options];
  const image = imageSlices([...profile.slices, ...extra]);
  const plan = planOf([...image, ...tools], board.target, settings);
  if (plan.length === 0) throw nothingToBuild(profile);
  await assertConfigured(
    profile,
    settings,
    plan.map(({ slice }) => slice),
  );
  const idOf = (slice: Slice): NodeId => nodeId(slice, board.target);
  const demands = mergeDemands([
    {
      name: `board ${board.name}`,
      demands: listBy('board', board, 'kernel', DEMANDS, () => board.kernel(kernelSymbols)),
    },
    {
      name: `profile ${profile.name}`,
      demands: listBy('profile', profile, 'kernel', DEMANDS, () =>
        profile.kernel === undefined ? [] : profile.kernel(kernelSymbols),
      ),
    },
    // Also of what is linked into programs: they carry it to the device.
    ...plan
      .filter(({ platform }) => platform === board.target)
      .map((each) => ({ name: each.slice.name, demands: demandsOf(each) })),
  ]);
  for (const { slice } of plan) refuseUnbuildable(slice, demands);
  const nodes: GraphNode[] = [];
  for (const each of plan) nodes.push(await nodeOf(each, demands, additions));
  const packages = nodes.flatMap((node) => node.packages);
  const added = additionsFor(packages, toolchainLock, additions);
  const { size, bootRatio, kernel } = profile.budget ?? {};
  const { sizeBytes: drivers = 0 } = sizeBudget('board', board, board.budget?.kernel, 'budget.kernel');
  const raised = (text: SizeText | undefined, field: string): { readonly sizeBytes?: number } => {
    const { sizeBytes } = sizeBudget('profile', profile, text, field);
    return sizeBytes === undefined ? {} : { sizeBytes: sizeBytes + drivers };
  };
  const [kernelId] = image.map(idOf);
  return {
    format: 'cocon.graph/1',
    profile: profile.name,
    board: board.name,
    target: board.target,
    commandLine: [board.commandLine, profile.commandLine ?? ''].join(' ').trim(),
    demands,
    nodes: nodes.map((node) =>
      node.id === kernelId
        ? { ...node, budget: { ...node.budget, ...raised(kernel, 'budget.kernel') } }
        : node,
    ),
    image: image.map(idOf),
    tests: testsOf('profile', profile),
    budget: {
      ...raised(size, 'budget.size'),
      ...(bootRatio === undefined ? {} : { bootRatio }),
    },
    layerBudget: profile.layers ?? LAYER_BUDGET,
    ...(added.length === 0 ? {} : { additions: added }),
  };
}

function nodeId({ name, runsOn }: Slice, target: Target): NodeId {
  return `${name}@${runsOn ?? target}`;
}

/** The slices of an image from the bottom up: what a slice runs with lies below it. */
function imageSlices(listed: readonly Slice[]): readonly Slice[] {
  const ordered: Slice[] = [];
  const add = (slice: Slice, above: readonly Slice[]): void => {
    if (above.includes(slice)) throw cycle([...above, slice], 'runsWith');
    if (ordered.includes(slice)) return;
    for (const other of slice.runsWith ?? []) add(other, [...above, slice]);
    if (slice.outputs.runtime === undefined) {
      throw sliceInvalid(
        slice,
        'outputs.runtime',
        'an image cannot hold it without',
        'Name what ships, or list it in needs of what is built with it.',
      );
    }
    ordered.push(slice);
  };
  for (const slice of listed) add(slice, []);
  return ordered;
}

/** Everything that has to be built for the wanted slices, needs first. */
function planOf(
  wanted: readonly Slice[],
  target: Target,
  settings: readonly OptionSetting[],
): readonly Planned[] {
  const plan = new Map<NodeId, Planned>();
  const add = (slice: Slice, platform: Platform, above: readonly Slice[]): NodeId => {
    const id: NodeId = `${slice.name}@${platform}`;
    if (above.includes(slice)) throw cycle([...above, slice], 'needs');
    const known = plan.get(id);
    if (known !== undefined && known.slice !== slice) {
      const where = `${known.slice.definedAt} defines another slice of that name`;
      throw sliceInvalid(slice, 'name', where, 'Rename one of them, or import the other.');
    }
    if (known !== undefined) return id;
    const needs = (slice.needs ?? []).map((need) => {
      if (need.outputs.dev === undefined) {
        const hint = `Add dev to the outputs of ${need.name} (${need.definedAt}).`;
        throw sliceInvalid(slice, 'needs', `${need.name} has no dev output`, hint);
      }
      return add(need, need.runsOn ?? platform, [...above, slice]);
    });
    const twice = (slice.needs ?? []).find((need, index, all) =>
      all.some((other, at) => at < index && other.name === need.name),
    );
    if (twice !== undefined) {
      const hint = 'Both would lie in one place: rename one, or need only one of them.';
      throw sliceInvalid(slice, 'needs', `two of them are called ${twice.name}`, hint);
    }
    plan.set(id, { id, slice, platform, options: optionValues(slice, settings), needs });
    return id;
  };
  for (const slice of wanted) add(slice, slice.runsOn ?? target, []);
  return [...plan.values()];
}

function cycle(path: readonly Slice[], field: string): SlicesError {
  const names = path.map(({ name }) => name).join(' -> ');
  const files = [...new Set(path.map(({ definedAt }) => definedAt))].join(', ');
  return new SlicesError('SLICE_CYCLE', `Cannot order the slices: ${field}: ${names} (${files})`, {
    hint: 'Cut the circle: split the slice that stands on both sides.',
    facts: { field, path: names },
  });
}

function contextOf({ platform, options }: Planned) {
  const name = platform === 'host' ? HOST : platform;
  return { options, target: { name, ...TARGET_NAMES[name] } };
}

function demandsOf(planned: Planned): readonly Demand[] {
  const { slice } = planned;
  return listBy('slice', slice, 'kernel', DEMANDS, () =>
    slice.kernel === undefined ? [] : slice.kernel(kernelSymbols, contextOf(planned)),
  );
}

async function nodeOf(
  planned: Planned,
  demands: readonly GraphDemand[],
  additions: Additions,
): Promise<GraphNode> {
  const { id, slice, platform, options, needs } = planned;
  const context = contextOf(planned);
  const on = new Set(
    demands.filter(({ value }) => value === 'y' || value === 'm').map(({ symbol }) => symbol),
  );
  const { facts, reads } = trackedFacts((symbol) => on.has(symbol));
  const recipe = definedBy('slice', slice, 'build', () =>
    slice.build({ ...context, kernel: facts, kernelFragment: () => fragmentOf(demands) }),
  );
  const fault = recipeFault(recipe);
  if (fault !== undefined) throw sliceInvalid(slice, fault.field, fault.why, fault.hint);
  if (recipe.kind === 'entries' && slice.source !== undefined && slice.source.kind !== 'local') {
    throw sliceInvalid(
      slice,
      'build',
      'it has a source but no steps that build it',
      "Give a recipe of kind 'steps'.",
    );
  }
  const size = slice.budget?.size;
  const own = slice.packages ?? [];
  const extra =
    typeof own === 'function' ? listBy('slice', slice, 'packages', PACKAGES, () => own(context)) : own;
  assertPinned(slice, extra, additions);
  const cached = recipe.kind === 'steps' && recipe.compilerCache === true ? ['ccache'] : [];
  const packages = [...COMMON_PACKAGES, ...CROSS_PACKAGES[context.target.name], ...extra, ...cached];
  return {
    id,
    name: slice.name,
    version: slice.version,
    license: slice.license,
    summary: slice.summary,
    platform,
    definedAt: slice.definedAt,
    ...(slice.source === undefined ? {} : { source: await plainSource(slice, slice.source) }),
    needs,
    options,
    facts: reads(),
    packages: recipe.kind === 'steps' ? [...new Set(packages)].toSorted() : [],
    recipe,
    outputs: slice.outputs,
    tests: testsOf('slice', slice),
    budget: sizeBudget('slice', slice, size, 'budget.size'),
  };
}

/**
 * Throws `TOOLCHAIN_PACKAGE_UNKNOWN` for a package that nobody pins, with near names and the
 * command that pins it.
 */
function assertPinned(slice: Slice, names: readonly string[], { packages, wanted }: Additions): void {
  const pinned = new Set([...toolchainLock.packages, ...packages].map(({ name }) => name));
  const unknown = names.find((name) => !pinned.has(name));
  if (unknown === undefined) return;
  throw new SlicesError(
    'TOOLCHAIN_PACKAGE_UNKNOWN',
    `Cannot use slice "${slice.name}": packages: nobody pins the Debian package "${unknown}" (${slice.definedAt})`,
    {
      hint: `${didYouMean(unknown, [...EXTRA_PACKAGES, ...wanted])}To pin it for your project, run: cocon pins add ${unknown}`,
      facts: { slice: slice.name, package: unknown, file: slice.definedAt },
    },
  );
}

/**
 * Throws `KERNEL_DEMAND_IMPOSSIBLE` for what the slice that builds the kernel cannot give. A demand
 * that it be off is no trouble.
 */
function refuseUnbuildable({ cannotBuild = {} }: Slice, demands: readonly GraphDemand[]): void {
  const refused = demands.flatMap(({ symbol, value, askedBy }) => {
    const name = value === 'm' ? 'MODULES' : symbol;
    const found = Object.hasOwn(cannotBuild, name) ? cannotBuild[name] : undefined;
    if (found === undefined || value === 'n' || value === '""') return [];
    return [
      { ...found, symbol, text: `  ${symbol}=${value}, asked for by ${askedBy.join(', ')}: ${found.why}` },
    ];
  });
  if (refused.length === 0) return;
  const lines = refused.map(({ text }) => text).join('\n');
  throw new SlicesError(
    'KERNEL_DEMAND_IMPOSSIBLE',
    `Cannot build the kernel with what is demanded of it\n${lines}`,
    {
      hint: [...new Set(refused.map(({ instead }) => instead))].join(' '),
      facts: { symbols: refused.map(({ symbol }) => symbol).join(' ') },
    },
  );
}

type Definition = Parameters<typeof definitionInvalid>[0];
type Owner = Parameters<typeof definitionInvalid>[1];

function sizeBudget(
  what: Definition,
  owner: Owner,
  size: SizeText | undefined,
  field: string,
): { readonly sizeBytes?: number } {
  if (size === undefined) return {};
  const sizeBytes = bytesOf(size);
  if (sizeBytes === undefined) {
    throw definitionInvalid(what, owner, field, `"${size}" is no size`, SIZE_HINT);
  }
  return { sizeBytes };
}

/** Runs a part of a definition; what it throws says whose it is. */
function definedBy<T>(what: Definition, owner: Owner, field: string, definition: () => T): T {
  try {
    return purely(definition);
  } catch (thrown) {
    if (thrown instanceof ImpureError) {
      throw definitionInvalid(what, owner, field, thrown.message, thrown.hint);
    }
    if (thrown instanceof SlicesError) throw thrown;
    const why = `it throws: ${messageOf(thrown)}${atPlaceOf(thrown)}`;
    throw definitionInvalid(what, owner, field, why, 'Mend the definition.');
  }
}

/** The same for a part that gives a list. */
function listBy<T>(
  what: Definition,
  owner: Owner,
  field: string,
  shape: ListShape,
  definition: () => readonly T[],
): readonly T[] {
  const given = definedBy(what, owner, field, definition);
  const fault = listFault(given, field, shape);
  if (fault !== undefined) throw definitionInvalid(what, owner, field, fault.why, fault.hint);
  return given;
}

function testsOf(what: 'slice' | 'profile', owner: Slice | Profile): readonly VmTest[] {
  return listBy(what, owner, 'tests', TESTS, () => (owner.tests === undefined ? [] : owner.tests({ vm })));
}
