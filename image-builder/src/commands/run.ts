/** `cocon run`. */
import { resolve } from 'node:path';

import { defineCommand, UsageError } from '@cocon-os/cli';
import { attachConsole, defineMachine, startMachine } from '@cocon-os/qemu';

import { loadConfig } from '../config/load-config.ts';
import { CONFIG_OPTIONS, type BuilderContext } from './context.ts';

export const run = defineCommand({
  name: 'run',
  summary: 'Boot a disk image in QEMU with its serial console in this terminal',
  args: ['disk?'],
  options: {
    ...CONFIG_OPTIONS,
    keep: {
      type: 'boolean',
      help: 'Write what the machine changes into the image (default: it is forgotten)',
    },
    memory: { type: 'number', help: 'Memory in MiB', value: '<MiB>' },
    log: { type: 'string', help: 'File that takes the whole console', value: '<file>' },
  },
  examples: [
    { title: 'Boot an image and forget what it changes', command: 'cocon run gateway.img' },
    { title: 'Keep its changes, for example a staged update', command: 'cocon run gateway.img --keep' },
  ],
  async run({ terminal, cwd }: BuilderContext, { args, options, json }) {
    const { config, resolvePath } = await loadConfig(cwd, options.config);
    const disk =
      args[0] === undefined ? configuredDisk(config.image.output, resolvePath) : resolve(cwd, args[0]);
    const machine = defineMachine({
      name: config.name,
      memoryMiB: options.memory ?? config.run.memoryMiB,
      cpus: config.run.cpus,
      disks: [{ path: disk, snapshot: !options.keep }],
      ...(config.run.network ? { network: {} } : {}),
    });
    await using running = await startMachine(
      machine,
      options.log === undefined ? {} : { log: resolve(cwd, options.log) },
    );
    if (!options.keep)
      terminal.err('Changes are forgotten when the machine ends; --keep writes them into the image.\n');
    const how = await attachConsole(running, {
      input: process.stdin,
      output: json ? process.stderr : process.stdout,
    });
    if (json) terminal.out(`${JSON.stringify({ disk, ended: how })}\n`);
  },
});

function configuredDisk(output: string | undefined, resolvePath: (path: string) => string): string {
  if (output !== undefined) return resolvePath(output);
  throw new UsageError(
    'Cannot run: no disk image was given',
    'Give one as an argument, or set image.output in cocon.config.ts.',
  );
}
