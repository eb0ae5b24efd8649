/** `cocon-update stage`. */
import {
  defineCommand,
  EXIT_DONE,
  EXIT_NOTHING_TO_DO,
  formatBytes,
  jsonOf,
  redact,
  silentProgress,
  tell,
  terminalProgress,
  UsageError,
  type Progress,
  type Terminal,
} from '@cocon-os/cli';
import { isSdfsError, type SdfsError } from '@cocon-os/sdfs';

import { targetArchitecture } from '../architecture.ts';
import type { UpdaterContext } from '../context.ts';
import { KEY_OPTION, trustedKeys } from '../keys.ts';
import { VOLUME_OPTIONS, withVolume } from '../open-volume.ts';
import { jsonProgress } from '../json-progress.ts';
import { isLocal, openSource } from '../open-source.ts';
import { refuseDuringTrial, stageArtifact, type StageResult } from '../stage-artifact.ts';

const OPTIONS = {
  ...VOLUME_OPTIONS,
  ...KEY_OPTION,
  architecture: {
    type: 'string',
    value: '<name>',
    help: 'amd64, arm64, riscv64 or arm; default: that of the releases on the volume',
  },
  force: { type: 'boolean', help: 'Stage a release even if it failed on this volume before' },
  progress: {
    type: 'string',
    value: '<kind>',
    help: 'none, text, or json for one JSON object a line on standard error',
  },
} as const;

export const stage = defineCommand<UpdaterContext, typeof OPTIONS>({
  name: 'stage',
  summary: 'Write a release into a free slot and put it on trial for the next boots',
  args: ['image.oci'],
  options: OPTIONS,
  examples: [
    { title: 'From a server', command: 'cocon-update stage http://updates.example/os-2.oci' },
    {
      title: 'From a server that wants a password, which is never printed',
      command: 'cocon-update stage http://device:secret@updates.example/os-2.oci',
    },
    { title: 'From a pipe', command: 'curl -s https://updates.example/os-2.oci | cocon-update stage -' },
    {
      title: 'Into a disk image',
      command: 'cocon-update stage os-2.oci --volume disk.img --key release.pub',
    },
  ],
  async run({ platform, terminal }, { args: [location = ''], options, json }) {
    const progress = progressOf(options.progress, terminal);
    const keys = trustedKeys(platform, options.key);
    const begun = platform.monotonicMs();
    try {
      const result = await withVolume(platform, options, 'write', async (open) => {
        // Before a server is waited for: the volume is locked, and the checks of a trial would wait for it in vain.
        refuseDuringTrial(open.volume, open.inUse);
        const local = isLocal(location);
        const source = await openSource(platform, location, {
          onWait: (reason, pause, position) => reportWait(terminal, reason, pause, position),
          onNote: (line) => terminal.err(`${line}\n`),
        });
        try {
          return await stageArtifact(open.volume, source, {
            crypto: platform.crypto,
            architecture: targetArchitecture(platform, open, options.architecture),
            trustedKeys: keys,
            local: local && source.readAt !== undefined,
            runningSlot: open.inUse,
            force: options.force,
            time: platform.now(),
            progress,
          });
        } finally {
          source.close();
        }
      });
      const seconds = Math.round(platform.monotonicMs() - begun) / 1000;
      terminal.out(json ? `${JSON.stringify({ ...result, seconds })}\n` : formatResult(result, seconds));
      return EXIT_DONE;
    } catch (thrown) {
      progress.finish();
      if (!isSdfsError(thrown, 'RELEASE_PRESENT')) throw thrown;
      reportPresent(thrown, json, terminal);
      return EXIT_NOTHING_TO_DO;
    }
  },
});

function progressOf(kind: string | undefined, terminal: Terminal): Progress {
  switch (kind ?? 'text') {
    case 'text':
      return terminalProgress(terminal);
    case 'json':
      return jsonProgress(terminal);
    case 'none':
      return silentProgress;
    default:
      throw new UsageError(`Cannot show progress as "${kind ?? ''}"`, 'The kinds are none, text and json.');
  }
}

function formatResult(
  { slot, name, version, digest, bytes, attempts }: StageResult,
  seconds: number,
): string {
  return (
    `Staged ${name} ${version} in slot ${slot}: ${formatBytes(bytes)} in ${seconds.toFixed(1)} s, read back and verified.\n` +
    `Release ${digest}\n` +
    `The next boot tries it, at most ${attempts} times until it is committed.\n`
  );
}

function reportWait(terminal: Terminal, reason: string, pause: number, position: number): void {
  const next = position === 0 ? 'trying again' : `going on after ${formatBytes(position)}`;
  terminal.err(`${redact(reason)}; ${next} in ${pause / 1000} s\n`);
}

/** Not a failure: what was asked for is so already. The words are those of an error all the same. */
function reportPresent({ code, message, facts }: SdfsError, json: boolean, terminal: Terminal): void {
  const hint = 'Reboot to try a release on trial; a confirmed one needs nothing.';
  const told = { code, message, hint, facts };
  if (json) terminal.out(`${JSON.stringify({ error: jsonOf(told) })}\n`);
  tell('cocon-update', terminal, told);
}
