/**
 * Builds slices by name: `scripts/node slices/bin/build.ts [--list | slice…]`. Without a name it builds all that need no
 * product of another part of this repository.
 */
import { CoconError, EXIT_FAILED, formatBytes, messageOf } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';

import { catalogue } from '../catalogue.ts';
import { visibleBuilder } from '../src/build/visible-builder.ts';
import { SlicesError } from '../src/errors.ts';

const HELP = `Builds slices into layers; what was built before is taken from the cache.

Usage: scripts/node slices/bin/build.ts [--list | --help | <slice>...]

Examples:
  Build the kernel:
    scripts/node slices/bin/build.ts linux
  Show what there is:
    scripts/node slices/bin/build.ts --list
`;

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help')) return nodeTerminal.out(HELP);
  const slices = await catalogue();
  if (argv.includes('--list')) {
    const rows = slices.map(
      ({ name, version, license, summary }) => `${name} ${version} (${license}): ${summary}\n`,
    );
    return nodeTerminal.out(rows.join(''));
  }
  const chosen = argv.length === 0 ? slices : argv.map((name) => find(name, slices));
  const builder = visibleBuilder();
  for (const slice of chosen) {
    const { outputs } = await builder.build(slice);
    for (const [output, { digest, sizeBytes }] of Object.entries(outputs)) {
      nodeTerminal.out(`${slice.name} ${slice.version} ${output} ${digest} ${formatBytes(sizeBytes)}\n`);
    }
  }
}

function find(name: string, slices: Awaited<ReturnType<typeof catalogue>>): (typeof slices)[number] {
  const slice = slices.find((candidate) => candidate.name === name);
  if (slice !== undefined) return slice;
  throw new SlicesError('SLICE_NOT_FOUND', `Cannot build "${name}": there is no such slice`, {
    hint: `The slices are ${slices.map((each) => each.name).join(', ')}.`,
  });
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  nodeTerminal.err(`\n${messageOf(thrown)}${thrown instanceof CoconError ? ` [${thrown.code}]` : ''}\n`);
  if (thrown instanceof CoconError && thrown.hint !== undefined) nodeTerminal.err(`hint: ${thrown.hint}\n`);
  process.exitCode = EXIT_FAILED;
}
