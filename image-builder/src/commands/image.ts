/** `cocon image`. */
import { resolve } from 'node:path';

import { defineCommand, formatBytes, silentProgress, terminalProgress, UsageError } from '@cocon-os/cli';

import { loadConfig } from '../config/load-config.ts';
import { writeDisk, type DiskResult } from '../disk/write-disk.ts';
import { BUILT_LOADER } from '../find-tools.ts';
import { readPublicKey } from '../keys.ts';
import { CONFIG_OPTIONS, type BuilderContext } from './context.ts';

export const image = defineCommand({
  name: 'image',
  summary: 'Write a disk image: boot loader, an SDFS volume with releases, and a partition for data',
  args: ['release...'],
  options: {
    ...CONFIG_OPTIONS,
    output: { type: 'string', help: 'Disk to write (default: <name>.img)', value: '<file>', short: 'o' },
    loader: {
      type: 'string',
      help: 'Boot loader (default: the one built in this repository)',
      value: '<file>',
    },
    'trusted-key': {
      type: 'strings',
      help: 'Public key that the loader will trust; may be repeated',
      value: '<file>',
    },
  },
  examples: [
    { title: 'Write the disk that cocon.config.ts describes', command: 'cocon image' },
    {
      title: 'One release',
      command: 'cocon image gateway-2.1.0.oci --trusted-key release.pub -o gateway.img',
    },
    {
      title: 'Two: the first is confirmed, the second on trial',
      command: 'cocon image old.oci new.oci --trusted-key release.pub',
    },
  ],
  async run({ terminal, cwd }: BuilderContext, { args, options, json }) {
    const { config, resolvePath } = await loadConfig(cwd, options.config);
    const releases =
      args.length > 0
        ? args.map((path) => resolve(cwd, path))
        : (config.image.releases ?? []).map(resolvePath);
    if (releases.length === 0) {
      throw new UsageError(
        'Cannot write a disk: no release was given',
        'Give a sealed release, or set image.releases in cocon.config.ts.',
      );
    }
    const trusted = options['trusted-key'];
    const keyPaths =
      trusted.length > 0
        ? trusted.map((path) => resolve(cwd, path))
        : config.image.trustedKeys.map(resolvePath);
    if (keyPaths.length === 0) {
      throw new UsageError(
        'Cannot write a disk: the boot loader would trust no key',
        'Give --trusted-key release.pub, or set image.trustedKeys in cocon.config.ts.',
      );
    }
    const result = await writeDisk({
      config,
      releases,
      loader:
        options.loader === undefined
          ? configured(config.image.loader, resolvePath)
          : resolve(cwd, options.loader),
      trustedKeys: await Promise.all(keyPaths.map(readPublicKey)),
      output:
        options.output === undefined
          ? configured(config.image.output, resolvePath, resolve(cwd, `${config.name}.img`))
          : resolve(cwd, options.output),
      progress: json ? silentProgress : terminalProgress(terminal),
    });
    terminal.out(json ? `${JSON.stringify(result)}\n` : describe(result));
  },
});

function configured(
  path: string | undefined,
  resolvePath: (path: string) => string,
  fallback: string = BUILT_LOADER,
): string {
  return path === undefined ? fallback : resolvePath(path);
}

function describe({ output, sizeBytes, allocatedBytes, partitions, releases }: DiskResult): string {
  const lines = [
    ...partitions.map(
      ({ name, sizeBytes: size, uuid }) => `${name.padEnd(13)}${formatBytes(size).padEnd(11)}${uuid}`,
    ),
    ...releases.map(
      ({ slot, state, release, digest }) =>
        `slot ${slot}       ${state.padEnd(11)}${release.name} ${release.version} (${digest})`,
    ),
    `file         ${output}: ${formatBytes(sizeBytes)}, of which ${formatBytes(allocatedBytes)} are written`,
  ];
  return `${lines.join('\n')}\n`;
}
