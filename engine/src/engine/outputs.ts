/** From a filled `/out` to the layers of a build. */
import { join } from 'node:path';

import { OUTPUT_NAMES, type OutputName } from '../define/recipe.ts';
import { SlicesError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { isBelow, membersOfDirectory, type Member } from '../layer/members.ts';
import { assertMachine } from './elf-machine.ts';
import { runInSandbox, type SandboxMounts } from './sandbox.ts';

/** The members of each output's layer. */
export type OutputMembers = Readonly<Partial<Record<OutputName, readonly Member[]>>>;

/**
 * Splits what a build left into its outputs.
 *
 * @throws SlicesError `OUTPUT_INVALID` for what no layer can carry, for an output that got nothing, and for a program in an image
 * that is for another processor
 */
export async function outputsOf(
  node: GraphNode,
  work: string,
  mounts: SandboxMounts,
): Promise<OutputMembers> {
  await refuseAttributes(node, mounts);
  const outputs: Partial<Record<OutputName, readonly Member[]>> = {};
  for (const name of OUTPUT_NAMES) {
    const prefixes = node.outputs[name];
    if (prefixes === undefined) continue;
    const members = await membersOfDirectory(join(work, 'out'), prefixes);
    assertFilled(node, name, prefixes, members);
    if (name === 'runtime') await assertMachine(node, members);
    outputs[name] = members;
  }
  return outputs;
}

/** Throws `OUTPUT_INVALID` when one of an output's prefixes matches nothing. */
export function assertFilled(
  node: GraphNode,
  output: OutputName,
  prefixes: readonly string[],
  members: readonly Member[],
): void {
  const empty = prefixes.find((prefix) => !members.some(({ path }) => isBelow(path, prefix)));
  if (empty === undefined) return;
  const where = empty === '' ? '/out' : `/out/${empty}`;
  throw new SlicesError('OUTPUT_INVALID', `Cannot use the build of ${node.id}: it left nothing in ${where}`, {
    hint: `Its output ${output} is taken from there (${node.definedAt}): have a step install into it, or change outputs.`,
    facts: { node: node.id, output, path: where },
  });
}

/** Attributes would be lost in a layer. Names that the host's security module gives by itself are passed over. */
const ATTRIBUTES = '^(user|trusted|system)\\.|^security\\.(capability|ima|evm)';

async function refuseAttributes(node: GraphNode, mounts: SandboxMounts): Promise<void> {
  const { tail } = await runInSandbox(
    `cd /out; getfattr --recursive --physical --no-dereference --match='${ATTRIBUTES}' .`,
    mounts,
  );
  const at = tail.findIndex((line) => line.startsWith('# file: '));
  if (at === -1) return;
  const path = tail[at]?.slice('# file: '.length) ?? '';
  throw new SlicesError(
    'OUTPUT_INVALID',
    `Cannot put "${path}" of ${node.id} into a layer: it has the extended attribute ${tail[at + 1] ?? ''}`,
    { hint: 'Layers carry none: have the build remove it (setfattr --remove).' },
  );
}
