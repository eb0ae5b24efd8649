/**
 * `npm run prove`: cuts every operation everywhere and checks the laws on every disk that a cut can leave, walks through every
 * state of the slot protocol, and plants faults to see whether all that would have noticed. README.md tells what is counted.
 */
import { CoconError, EXIT_FAILED, EXIT_USAGE, messageOf, UsageError } from '@cocon-os/cli';
import { nodeTerminal } from '@cocon-os/cli/node';

import { optionsOf } from './options.ts';
import { reportOf, reportText } from './report.ts';
import { runJobs } from './workers.ts';

const HELP = `Proves the laws of SDFS: by cutting the power at every point of every operation, by walking through every state of the
slot protocol, and by planted faults that both have to notice.

Usage: npm run prove -- [options]

Options:
  --quick            The part that npm test runs: smaller sets of lost writes, fewer repetitions, one small world
  --only <part>      cuts, states or canaries; may be given more than once
  --volume <name>    Cuts on this volume only
  --seed <number>    For what is drawn at random; 1 if not given
  --jobs <number>    Threads; one for each processor if not given
  --json             The report as JSON on standard output
  -h, --help         Show this help

Examples:
  The whole proof:
    npm run prove
  One volume, with another seed:
    npm run prove -- --only cuts --volume "three slots" --seed 7
`;

async function main(): Promise<void> {
  const { jobs, seed, threads, json, help } = optionsOf(process.argv.slice(2));
  if (help) return nodeTerminal.out(HELP);
  const began = Date.now();
  let shown = 0;
  const results = await runJobs(jobs, threads, (states) => {
    if (states - shown < (nodeTerminal.interactive ? 5_000 : 100_000)) return;
    shown = states;
    const seconds = ((Date.now() - began) / 1000).toFixed(0);
    const line = `${states.toLocaleString('en')} states examined, ${seconds} s`;
    nodeTerminal.err(nodeTerminal.interactive ? `\r${line}\u001B[K` : `${line}\n`);
  });
  if (nodeTerminal.interactive) nodeTerminal.err('\r\u001B[K');
  const seconds = (Date.now() - began) / 1000;
  const report = reportOf(jobs, results);
  if (json) nodeTerminal.out(`${JSON.stringify({ seed, seconds, ...report })}\n`);
  else nodeTerminal.out(`${reportText(report)}\nseed ${seed}, ${seconds.toFixed(0)} s\n`);
  for (const hole of report.holes) nodeTerminal.err(`${hole}\n`);
  if (report.holes.length > 0) process.exitCode = EXIT_FAILED;
}

try {
  await main();
} catch (thrown) {
  nodeTerminal.err(`\n${messageOf(thrown)}${thrown instanceof CoconError ? ` [${thrown.code}]` : ''}\n`);
  if (thrown instanceof CoconError && thrown.hint !== undefined) nodeTerminal.err(`hint: ${thrown.hint}\n`);
  process.exitCode = thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}
