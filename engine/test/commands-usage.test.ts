/** Command lines that ask for what a command does not do are refused, and nothing is done: an option that is passed over looks as if it had been heeded. */
import { beforeEach, expect, test, vi } from 'vitest';

import { sliceCommands } from '../src/commands/index.ts';
import { run, scratchDirectory, unusedSealer } from './support.ts';

const program = { name: 'cocon', summary: 'for a test', commands: sliceCommands(unusedSealer) };

beforeEach(async () => {
  vi.stubEnv('COCON_CACHE', await scratchDirectory());
});

test.each([
  ['store fsck --repair --dry-run', 'Cannot run "store fsck" with --dry-run', 'cocon store gc'],
  ['store fsck --sources', 'Cannot run "store fsck" with --sources', 'cocon store gc'],
  ['store fsck --profile cloud', 'Cannot run "store fsck" with --profile', 'cocon store gc'],
  ['store fsck --board pc', 'Cannot run "store fsck" with --board', 'cocon store gc'],
  ['store gc --repair', 'Cannot run "store gc" with --repair', 'cocon store fsck'],
  ['pins check --machine', 'Cannot run "pins check" with --machine', 'cocon pins update'],
  ['pins export /tmp --dry-run', 'Cannot run "pins export" with --dry-run', 'cocon pins update'],
  ['pins export', 'Cannot run "pins export"', 'cocon pins export <directory>'],
  ['pins check linux', 'Cannot run "pins check linux"', 'cocon pins check'],
  ['pins update linus', 'Cannot move the pin "linus"', 'Did you mean linux?'],
  ['kernel config EROFS_FS', 'Cannot print the configuration of EROFS_FS alone', 'cocon kernel why EROFS_FS'],
  ['build --target musl -o elsewhere', 'Cannot write an image with --output', 'Leave out --target'],
  ['build --target musl --name other', 'Cannot write an image with --name', 'Leave out --target'],
])('cocon %s is refused', async (line, message, hint) => {
  const { status, out, err } = await run(program, await scratchDirectory(), line.split(' '));
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toContain(`cocon: ${message}`);
  expect(err).toContain(hint);
});
