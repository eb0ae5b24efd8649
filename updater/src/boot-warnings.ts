/**
 * What the loader's words say against the disk: whether the kernel that runs and the volume that was found belong together, and
 * whether the disk has lost a partition table.
 *
 * The loader names the volume by its partition's UUID, and a copy of the disk in the same machine has the same one. Then the
 * loader may have counted this attempt on the one and Linux may run from the other: what is committed here would not be
 * what the next boot reads.
 */
import type { BootRecord } from '@cocon-os/sdfs';

import type { BootFacts } from './kernel-command-line.ts';
import type { StatusWarning } from './status-schema.ts';

const TABLE_LOST: StatusWarning = {
  code: 'PARTITION_TABLE_LOST',
  message: 'the primary partition table of the disk is lost, and its backup was used',
  hint: 'Write it anew: cocon-update repair --volume with the name of the whole disk, here or on another machine.',
};
const HINT = 'If a copy of the disk is attached, take it out and reboot.';

/** What there is to say about the volume that the machine's own command line led to. `twins` have the same UUID. */
export function bootWarnings(
  boot: BootFacts,
  record: BootRecord,
  twins: readonly string[],
): readonly StatusWarning[] {
  const lost: readonly StatusWarning[] = boot.tableLost ? [TABLE_LOST] : [];
  const twice: readonly StatusWarning[] =
    twins.length === 0
      ? []
      : [
          {
            code: 'UUID_TWICE',
            message: `${twins.join(' and ')} has the same partition UUID; the loader may have started from there`,
            hint: HINT,
          },
        ];
  const misfit = misfitOf(boot, record);
  return [...lost, ...twice, ...(misfit === undefined ? [] : [misfit])];
}

function misfitOf({ slot, release, attempt }: BootFacts, record: BootRecord): StatusWarning | undefined {
  if (slot === undefined || release === undefined) return undefined;
  const found = record.slots.find((each) => each.index === slot);
  if (found === undefined || found.state === 'empty' || found.releaseDigest !== release) {
    return {
      code: 'RELEASE_MISFIT',
      message: `the kernel that runs was started from slot ${slot} with release ${release}, which that slot of this volume does not hold`,
      hint: HINT,
    };
  }
  // Once it is committed or given up the record no longer tells which attempt that was.
  if (found.state !== 'trial') return undefined;
  const { attemptsLeft, attemptsTotal } = found;
  const counted = attemptsTotal - attemptsLeft;
  if (attempt?.number === counted && attempt.total === attemptsTotal) return undefined;
  const told =
    attempt === undefined ? 'outside of a trial' : `as attempt ${attempt.number} of ${attempt.total}`;
  return {
    code: 'ATTEMPT_MISFIT',
    message: `the kernel that runs was started ${told}, but slot ${slot} of this volume has ${counted} of ${attemptsTotal} attempts counted`,
    hint: HINT,
  };
}
