/** The quick inner loop: `npm run check`. Format, lint, types, unit tests; `--without-tests` leaves the last out. */
import { runStage } from './run-stage.ts';

const DENY = ['--', '-D', 'warnings'] as const;

const STAGES: readonly (readonly [string, readonly string[]])[] = [
  // Without them, every demand on the kernel would be a type error.
  ['kernel types', ['bash', 'scripts/node', 'scripts/kernel-types.ts']],
  ['format', ['node_modules/.bin/oxfmt', '--check', '.']],
  ['rust format', ['scripts/cargo', 'fmt', '--all', '--check']],
  ['lint', ['node_modules/.bin/oxlint', '--type-aware', '--deny-warnings', '.']],
  [
    'rust lint',
    ['scripts/cargo', 'clippy', '--locked', '--workspace', '--exclude=cocon-efi', '--all-targets', ...DENY],
  ],
  ['loader lint', ['bash', 'scripts/build-loader', 'clippy', ...DENY]],
  ['types', ['node_modules/.bin/tsc', '-p', 'tsconfig.json']],
];
const UNIT_TESTS = [
  'unit tests',
  ['bash', 'scripts/node', 'node_modules/vitest/vitest.mjs', 'run', '--project=unit'],
] as const;

const stages = process.argv.includes('--without-tests') ? STAGES : [...STAGES, UNIT_TESTS];
const failed: string[] = [];
for (const [name, command] of stages) {
  const result = await runStage(name, command);
  if (result.status !== 0) failed.push(name);
  if (failed.includes('kernel types')) break;
}
process.stderr.write(failed.length === 0 ? '\ncheck: all good\n' : `\ncheck: failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
