/** `cocon-update check`. */
import { defineCommand, formatCount, plain, UsageError, type Terminal } from '@cocon-os/cli';
import { commit, noteProgress, SLOT_ENTRY, utf8Length, type Slot, type Volume } from '@cocon-os/sdfs';

import type { UpdaterContext } from '../context.ts';
import { UpdaterError } from '../errors.ts';
import { HEALTH_DIRECTORY, HEALTH_TIMEOUT_SECONDS, runHealthChecks, type CheckResult } from '../health.ts';
import { VOLUME_OPTIONS, withVolumeOfTrial, type OpenVolume } from '../open-volume.ts';
import type { Platform } from '../platform.ts';
import { provenSlot, SLOT_OPTION } from '../target-slot.ts';

const OPTIONS = {
  ...VOLUME_OPTIONS,
  ...SLOT_OPTION,
  directory: { type: 'string', value: '<path>', help: `Where the checks are (default ${HEALTH_DIRECTORY})` },
  timeout: {
    type: 'number',
    value: '<seconds>',
    help: `Granted to each check (default ${HEALTH_TIMEOUT_SECONDS})`,
  },
  'no-commit': { type: 'boolean', help: 'Only check; leave the release on trial' },
} as const;

export const check = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'check',
  summary: 'Run the health checks; commit the release on trial if all pass, note why if one does not',
  args: [],
  options: OPTIONS,
  examples: [
    { title: 'At the end of the boot', command: 'cocon-update check' },
    { title: 'By hand, ten seconds each', command: 'cocon-update check --no-commit --timeout 10' },
  ],
  async run({ platform, terminal }, { options, json }) {
    const seconds = options.timeout ?? HEALTH_TIMEOUT_SECONDS;
    if (!(seconds > 0 && seconds <= 86_400)) {
      throw new UsageError(
        `Cannot wait ${seconds} seconds for a check`,
        'Give a number above 0, at most 86400.',
      );
    }
    const directory = directoryOf(platform, options.directory);
    const slotOf = (open: OpenVolume) => provenSlot(open, options.slot, 'check');
    let generation: bigint | undefined;
    // The volume is not held while the checks run: who shuts the system down, commits or rolls back has something to write, too.
    const onVolume = <Value>(use: (volume: Volume, slot: Slot, trial: boolean) => Value): Promise<Value> =>
      withVolumeOfTrial(platform, options, slotOf, ({ volume }, slot, trial) => {
        generation ??= slot.generation;
        return use(volume, slot, trial && slot.generation === generation);
      });
    // A confirmed slot's boot writes nothing, whatever the checks say.
    const note = (what: Parameters<typeof noteProgress>[2]): Promise<Slot['state']> =>
      onVolume((volume, slot, trial) => {
        if (trial) noteProgress(volume, slot.index, { ...what, time: platform.now() });
        return slot.state;
      });
    await note({ progress: 'health' });
    const checks: CheckResult[] = [];
    const warn = (line: string): void => terminal.err(`${plain(line)}\n`);
    for await (const result of runHealthChecks(platform, directory, seconds, warn)) {
      checks.push(result);
      report(terminal, result);
      if (result.passed) continue;
      const { reason, lastLine: output } = result;
      throw failed(result, await note({ progress: 'health', reason, detail: detailOf(result), output }));
    }
    await onVolume((volume, slot, trial) => {
      const committed = trial && !options['no-commit'] && keep(volume, slot, platform.now());
      const passed = checks.map(({ name, seconds: took }) => ({ name, seconds: took }));
      terminal.out(
        json
          ? `${JSON.stringify({ slot: slot.index, digest: slot.releaseDigest, checks: passed, committed })}\n`
          : `${formatCount(checks.length, 'check')} passed${committed ? `; slot ${slot.index} is confirmed` : ''}.\n`,
      );
    });
  },
});

/** A device may be without checks; a directory that somebody names is meant to be there. */
function directoryOf(platform: Platform, named: string | undefined): string {
  if (named === undefined) return HEALTH_DIRECTORY;
  if (platform.listDirectory(named) !== undefined) return named;
  throw new UpdaterError(
    'DIRECTORY_NOT_FOUND',
    `Cannot run the checks in ${named}: there is no such directory`,
    {
      hint: `Name the one that holds the checks; without --directory it is ${HEALTH_DIRECTORY}.`,
    },
  );
}

function keep(volume: Volume, slot: Slot, time: number): boolean {
  return commit(volume, slot.index, { time }).changed;
}

function report(terminal: Terminal, { name, passed, seconds, ending, output }: CheckResult): void {
  terminal.err(`check ${plain(name)}: ${passed ? 'passed' : ending} (${seconds.toFixed(1)} s)\n`);
  if (passed || output === '') return;
  for (const line of output.trimEnd().split('\n')) terminal.err(`  ${plain(line)}\n`);
}

/** Which check and how it ended; the end of a name that is too long goes, not how the check ended. */
function detailOf({ name, ending }: CheckResult): string {
  const room = SLOT_ENTRY.fields.detail.size - utf8Length(`: ${ending}`);
  if (utf8Length(name) <= room) return `${name}: ${ending}`;
  let kept = '';
  for (const character of name) {
    if (utf8Length(`${kept}${character}…`) > room) break;
    kept += character;
  }
  return `${kept}…: ${ending}`;
}

function failed({ name, ending, reason, lastLine }: CheckResult, state: Slot['state']): UpdaterError {
  return new UpdaterError(
    reason === 'health-timeout' ? 'HEALTH_TIMEOUT' : 'HEALTH_FAILED',
    `Cannot call this system healthy: ${name}: ${ending}`,
    { hint: hintFor(state), facts: { check: name, ending, output: lastLine, trial: state === 'trial' } },
  );
}

function hintFor(state: Slot['state']): string {
  if (state === 'trial')
    return 'Reboot: the loader uses up the attempts that are left and returns to the release before.';
  if (state === 'failed')
    return 'The release was given up before and runs as the last resort; stage another one.';
  return 'The release is confirmed and stays; cocon-update rollback returns to the one before.';
}
