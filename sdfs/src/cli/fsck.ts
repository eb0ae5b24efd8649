/** `sdfs fsck`: everything that can be checked about a volume. */
import { defineCommand, EXIT_DONE, EXIT_FAILED, plain, terminalProgress } from '@cocon-os/cli';

import type { Finding } from '../fsck/finding.ts';
import { fsck } from '../fsck/fsck.ts';
import { checkTables, type TableFinding } from '../gpt/check-tables.ts';
import { nodeCrypto } from '../node/node-crypto.ts';
import type { Context } from './context.ts';
import { printJson } from './print-json.ts';
import { VOLUME_OPTIONS, withDevice } from './volume-options.ts';

const OPTIONS = {
  ...VOLUME_OPTIONS,
  deep: { type: 'boolean', help: 'Read every file of every slot and check its SHA-256' },
} as const;

/** `sdfs fsck <volume>`. */
export const fsckCommand = defineCommand<Context, typeof OPTIONS>({
  name: 'fsck',
  summary: 'Check a volume and the partition table of its disk; exit status 1 when something is lost',
  args: ['volume'],
  options: OPTIONS,
  examples: [
    { title: 'Structures only', command: 'sdfs fsck disk.img' },
    { title: 'Every byte of every file, too', command: 'sdfs fsck --deep /dev/sdb2' },
  ],
  run: ({ terminal }, input) =>
    withDevice(input, 'read', ({ device, startBytes, disk, tables }) => {
      const progress = terminalProgress(terminal);
      const { deep } = input.options;
      const findings = [
        ...(tables === undefined ? [] : checkTables(disk, tables).map(ofTable)),
        ...fsck(device, { crypto: nodeCrypto, deep, progress, startBytes }),
      ];
      progress.finish();
      const count = (severity: string): number =>
        findings.filter((each) => each.severity === severity).length;
      const counts = { errors: count('error'), warnings: count('warning'), notes: count('note') };
      if (input.json) printJson(terminal, { ...counts, findings });
      else
        terminal.out(
          `${findings.map(line).join('')}${counts.errors} errors, ${counts.warnings} warnings, ${counts.notes} notes\n`,
        );
      return counts.errors === 0 ? EXIT_DONE : EXIT_FAILED;
    }),
});

function ofTable(finding: TableFinding): Finding {
  return { ...finding, place: 'partition table' };
}

function line({ severity, place, message, code, hint }: Finding): string {
  return `${severity}: ${place}: ${plain(message)} [${code}]\n${hint === null ? '' : `  hint: ${hint}\n`}`;
}
