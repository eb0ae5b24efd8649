/** `npm run soak`: updates in a loop, and the power goes at random moments. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { CoconError, EXIT_FAILED, EXIT_USAGE, messageOf, UsageError } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';

import { ROOT } from '../support/releases.ts';
import { wholeNumber } from '../support/whole-number.ts';
import { runSoak } from './run-soak.ts';
import { emptySummary, summaryText, summaryToContinue, type SoakSummary } from './summary.ts';

const REPORT = join(ROOT, 'out/soak/summary.json');
/** Cycles between two summaries. */
const BETWEEN = 25;

const HELP = `Updates devices in a loop and takes their power away at random moments.

Usage: npm run soak -- [options]

Options:
  --cycles <number>  50 if not given
  --seed <number>    For the moments, the releases and the writes that are lost; 1 if not given
  --jobs <number>    Devices at a time; 2 if not given
  --continue         Go on where the last run was ended, with its seed and its counts and with fresh devices
  --json             The summary as JSON on standard output
  -h, --help         Show this help

Examples:
  A quick look:
    npm run soak -- --cycles 4
  What a run with that seed did, as far as the machine's speed allows:
    npm run soak -- --cycles 1000 --seed 7
  The rest of it, after it was ended:
    npm run soak -- --cycles 1000 --continue

The counts so far are in out/soak/summary.json after each cycle, the consoles in out/logs/soak.
`;

/** What the last run came to. */
function lastSummary(): SoakSummary {
  try {
    return summaryToContinue(JSON.parse(readFileSync(REPORT, 'utf8')));
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(`Cannot continue: ${REPORT} is no summary of a soak: ${messageOf(thrown)}`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cycles: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '2' },
      continue: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return nodeTerminal.out(HELP);
  const before = values.continue ? lastSummary() : emptySummary(wholeNumber(values.seed, 'seed'));
  mkdirSync(dirname(REPORT), { recursive: true });
  nodeTerminal.err('building the releases …\n');
  const onCycle = (line: string, summary: SoakSummary): void => {
    nodeTerminal.err(`${line}\n`);
    writeFileSync(REPORT, `${JSON.stringify(summary, null, 2)}\n`);
    if (summary.cycles % BETWEEN === 0) nodeTerminal.err(`\n${summaryText(summary)}\n`);
  };
  const summary = await runSoak({
    cycles: wholeNumber(values.cycles, 'cycles'),
    seed: before.seed,
    before,
    jobs: wholeNumber(values.jobs, 'jobs'),
    onCycle,
  });
  nodeTerminal.out(values.json ? `${JSON.stringify(summary)}\n` : summaryText(summary));
}

try {
  await main();
} catch (thrown) {
  nodeTerminal.err(`${messageOf(thrown)}\n`);
  if (thrown instanceof CoconError && thrown.hint !== undefined) nodeTerminal.err(`hint: ${thrown.hint}\n`);
  process.exitCode = thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}
