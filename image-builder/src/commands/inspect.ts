/** `cocon inspect`. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { defineCommand, silentProgress, terminalProgress } from '@cocon-os/cli';

import { BuilderError } from '../errors.ts';
import { inspectArtifacts } from '../inspect/artifact.ts';
import { describeArtifact, describeDisk } from '../inspect/describe.ts';
import { foreignInput, inspectDisk } from '../inspect/disk.ts';
import { readPublicKey } from '../keys.ts';
import { openInput } from '../oci/input.ts';
import type { BuilderContext } from './context.ts';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show what an image, a sealed release, a volume or a disk image holds, with every digest checked',
  args: ['what'],
  options: {
    key: {
      type: 'strings',
      help: 'Public key to check signatures with; may be repeated',
      value: '<file>',
      short: 'k',
    },
    insecure: { type: 'boolean', help: 'Pull by plain http from registries that are not on this machine' },
  },
  examples: [
    {
      title: 'A sealed release, signature checked',
      command: 'cocon inspect gateway-2.1.0.oci --key release.pub',
    },
    {
      title: 'A disk image, signatures checked by the keys in its loader',
      command: 'cocon inspect gateway.img',
    },
    { title: 'An image that is not sealed yet', command: 'cocon inspect oci:layout:v1' },
  ],
  async run({ terminal, cwd }: BuilderContext, { args, options, json }) {
    const what = args[0] ?? '';
    const keys = await Promise.all(options.key.map((path) => readPublicKey(resolve(cwd, path))));
    const path = resolve(cwd, what);
    const isFile = await stat(path).then(
      (found) => found.isFile() || found.isBlockDevice(),
      () => false,
    );
    const disk = isFile ? await inspectDisk(path, keys) : undefined;
    if (disk !== undefined) {
      terminal.out(json ? `${JSON.stringify(disk)}\n` : describeDisk(disk));
      return;
    }
    const progress = json ? silentProgress : terminalProgress(terminal);
    const onLine = (line: string): void => terminal.err(`${line}\n`);
    const source = await openInput(what, { insecure: options.insecure, cwd, onLine }).catch(
      (thrown: unknown) => {
        // A tar archive without an image in it is told as that.
        const isTar = thrown instanceof BuilderError && thrown.code === 'INPUT_NOT_AN_IMAGE';
        throw (isFile && !isTar ? foreignInput(path, thrown) : undefined) ?? thrown;
      },
    );
    try {
      const artifacts = await inspectArtifacts(source, keys, (done, total) =>
        progress.update('Checking', done, total),
      );
      progress.finish();
      terminal.out(
        json
          ? `${JSON.stringify({ kind: 'artifacts', artifacts })}\n`
          : artifacts.map(describeArtifact).join('\n'),
      );
    } finally {
      await source.close();
    }
  },
});
