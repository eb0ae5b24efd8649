/** `cocon-update verify`. */
import {
  defineCommand,
  EXIT_DONE,
  EXIT_FAILED,
  formatBytes,
  jsonOf,
  plain,
  tell,
  terminalProgress,
} from '@cocon-os/cli';

import type { UpdaterContext } from '../context.ts';
import { UpdaterError } from '../errors.ts';
import { KEY_OPTION, trustedKeys } from '../keys.ts';
import { VOLUME_OPTIONS, withVolume } from '../open-volume.ts';
import { verifySlot, type SlotFindings } from '../verify-slot.ts';

const OPTIONS = {
  ...VOLUME_OPTIONS,
  ...KEY_OPTION,
  slot: { type: 'number', value: '<number>', help: 'Only this slot; without it, all that hold a release' },
} as const;

export const verify = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'verify',
  summary: 'Read slots whole and compare them with what was signed',
  args: [],
  options: OPTIONS,
  examples: [
    { title: 'All slots of this device', command: 'cocon-update verify' },
    {
      title: 'One slot of a disk image',
      command: 'cocon-update verify --volume disk.img --slot 0 --key release.pub',
    },
  ],
  async run({ platform, terminal }, { options, json }) {
    const keys = trustedKeys(platform, options.key);
    const found = await withVolume(platform, options, 'read', ({ volume }) => {
      const slots = options.slot === undefined ? volume.liveSlots() : [volume.liveSlot(options.slot)];
      const progress = terminalProgress(terminal);
      const findings = slots.map((slot) =>
        verifySlot(volume, slot, { crypto: platform.crypto, trustedKeys: keys, progress }),
      );
      progress.finish();
      return findings;
    });
    const error = failureOf(found);
    if (json)
      terminal.out(
        `${JSON.stringify({ slots: found, ...(error === undefined ? {} : { error: jsonOf(error) }) })}\n`,
      );
    else terminal.out(found.map(formatFindings).join(''));
    if (error === undefined) return EXIT_DONE;
    tell('cocon-update', terminal, error);
    return EXIT_FAILED;
  },
});

function formatFindings({ slot, bytes, fault }: SlotFindings): string {
  if (fault === null) return `slot ${slot}: good, ${formatBytes(bytes)}\n`;
  return `slot ${slot}: ${plain(fault.message)} [${fault.code}]\n`;
}

/** The findings are the result, so the error stands beside them and is not thrown. */
function failureOf(found: readonly SlotFindings[]): UpdaterError | undefined {
  const bad = found.filter((slot) => slot.fault !== null).map((slot) => slot.slot);
  if (bad.length === 0) return undefined;
  return new UpdaterError(
    'VERIFY_FAILED',
    `Cannot vouch for slot ${bad.join(', ')}: what it holds is not what was signed`,
    {
      hint: 'A damaged slot is passed over at boot. Give it up (cocon-update rollback --slot), then stage the release again with --force.',
      facts: { slots: bad.join(', ') },
    },
  );
}
