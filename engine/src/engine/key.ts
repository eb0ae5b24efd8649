/**
 * The key of a build: a hash over a record of all that can change its outcome. The record is kept beside the outcome, so
 * that two of them can be compared field by field.
 *
 * Needs count by what they came to, so a need that was rebuilt into the same bytes changes no key. Licence, summary, tests,
 * budget and places are left out: they change no byte.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { BuildStep, LayerEntry, Outputs } from '../define/recipe.ts';
import type { Platform } from '../define/target.ts';
import type { GraphNode, GraphPatched, GraphSource } from '../graph/graph.ts';
import { sha256Of, stableJson } from '../stable-json.ts';
import { closureOf, type ToolchainLock } from '../toolchain/lock.ts';
import { toolchainDigest } from '../toolchain/root.ts';
import { sandboxForKey } from './sandbox.ts';
import { unpackSteps } from './unpack.ts';

/** All that a build's outcome depends on. */
export interface KeyRecord {
  readonly format: 'cocon.key/1';
  readonly name: string;
  readonly version: string;
  readonly platform: Platform;
  /** What the source is, whatever its address. */
  readonly source?: unknown;
  readonly options: Readonly<Record<string, boolean | string>>;
  /** Kernel facts that were read, by symbol. */
  readonly facts: Readonly<Record<string, boolean>>;
  readonly recipe:
    | {
        readonly kind: 'steps';
        /** In their order, those that unpack the source first. */
        readonly steps: readonly BuildStep[];
        readonly inputs: Readonly<Record<string, string>>;
      }
    | { readonly kind: 'entries'; readonly entries: readonly LayerEntry[] };
  readonly outputs: Outputs;
  /** Digest of the `dev` output of each need, by the need's name. */
  readonly needs: Readonly<Record<string, string>>;
  /** Of builds with steps: versions by package, and one digest for the whole tree. */
  readonly toolchain?: { readonly digest: string; readonly packages: Readonly<Record<string, string>> };
  /** Of builds with steps: the sandbox's arguments and environment. */
  readonly sandbox?: readonly string[];
  /** Digest of the code that lays out builds and writes layers. */
  readonly code: string;
}

/** What {@link keyRecord} has to know besides the node. */
export interface KeySurroundings {
  readonly lock: ToolchainLock;
  /** From {@link codeDigest}. */
  readonly code: string;
  /** Digest of the `dev` output of each need, by the need's name. */
  readonly needs: Readonly<Record<string, string>>;
}

/** The record of a node. Throws `TOOLCHAIN_PACKAGE_UNKNOWN`. */
export function keyRecord(node: GraphNode, { lock, code, needs }: KeySurroundings): KeyRecord {
  const { name, version, platform, options, outputs, recipe, source } = node;
  const common = {
    format: 'cocon.key/1',
    name,
    version,
    platform,
    ...(source === undefined ? {} : { source: identityOf(source) }),
    options,
    facts: Object.fromEntries(node.facts.map(({ symbol, value }) => [symbol, value])),
    outputs,
    needs,
    code,
  } as const;
  if (recipe.kind === 'entries') return { ...common, recipe };
  const packages = closureOf(lock, node.packages);
  const steps = [...unpackSteps(source), ...recipe.steps].map((step) => ({
    name: step.name,
    script: step.script,
  }));
  return {
    ...common,
    recipe: { kind: 'steps', steps, inputs: recipe.inputs ?? {} },
    toolchain: {
      digest: toolchainDigest(packages),
      packages: Object.fromEntries(packages.map((each) => [each.name, each.version])),
    },
    sandbox: sandboxForKey(packages.map((each) => each.name)),
  };
}

/** 64 lower-case hexadecimal digits. */
export function keyOf(record: KeyRecord): string {
  return sha256Of(stableJson(record));
}

function identityOf(source: GraphSource): unknown {
  switch (source.kind) {
    case 'debian': {
      const { kind, package: name, version, files, patched, exclude } = source;
      return { kind, package: name, version, files, patched, exclude, ...patchesOf(source) };
    }
    case 'url':
      return { kind: 'url', sha256: source.sha256, exclude: source.exclude, ...patchesOf(source) };
    case 'git':
      return { kind: 'git', commit: source.commit, ...patchesOf(source) };
    case 'crates':
      return { kind: 'crates', crates: source.crates };
    case 'local':
      return { kind: 'local', digest: source.digest };
  }
}

/** By contents and order. */
function patchesOf({ patches }: GraphPatched): {
  readonly patches?: readonly string[];
} {
  return patches === undefined ? {} : { patches: patches.map(({ sha256 }) => sha256) };
}

/**
 * The files whose code decides what bytes come of the same record. What a build sees otherwise (unpacking, sandbox,
 * environment) is in the record as data.
 */
export const KEY_CODE = [
  'build-time.ts',
  'engine/build-node.ts',
  'engine/outputs.ts',
  'engine/workspace.ts',
  'layer/layer-tar.ts',
  'layer/members.ts',
  'layer/unpack-layer.ts',
  'toolchain/root.ts',
];

let code: Promise<string> | undefined;

/** Digest of {@link KEY_CODE} and of the tar writer's pinned version. Read once. */
export function codeDigest(): Promise<string> {
  code ??= readCode();
  return code;
}

async function readCode(): Promise<string> {
  const source = join(import.meta.dirname, '..');
  const texts = await Promise.all(KEY_CODE.map((name) => readFile(join(source, name), 'utf8')));
  const manifest = await readFile(join(source, '../package.json'), 'utf8');
  return sha256Of(JSON.stringify([...texts, /"tar-stream": "([^"]+)"/.exec(manifest)?.[1]]));
}
