/** `cocon bundle`. */
import { basename, resolve } from 'node:path';

import { defineCommand, formatBytes, silentProgress, terminalProgress, UsageError } from '@cocon-os/cli';

import { bundle as bundleImage, type BundleResult } from '../bundle/bundle.ts';
import { DEFAULT_PIDS, resourcesOf } from '../bundle/limits.ts';
import type { ContainerNetwork } from '../bundle/runtime-config.ts';
import { checkConfig, loadConfig } from '../config/load-config.ts';
import { openInput } from '../oci/input.ts';
import { CONFIG_OPTIONS, type BuilderContext } from './context.ts';

/** What is a host name, a directory of control groups and a file name at once. */
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
const EXTENSION = '.erofs';

export const bundle = defineCommand({
  name: 'bundle',
  summary: 'Make an OCI image into a container: one read-only file that the device starts with crun',
  args: ['image'],
  options: {
    ...CONFIG_OPTIONS,
    output: { type: 'string', help: 'Bundle to write, <name>.erofs', value: '<file>', short: 'o' },
    name: {
      type: 'string',
      help: "The container's name on the device (default: the file's)",
      value: '<name>',
    },
    memory: { type: 'string', help: 'Memory at most (default: no limit)', value: '<size>' },
    cpus: { type: 'number', help: 'Processors at most, like 0.5 (default: no limit)', value: '<n>' },
    pids: { type: 'number', help: `Processes and threads at most (default: ${DEFAULT_PIDS})`, value: '<n>' },
    network: {
      type: 'string',
      help: "none: a loopback of its own (default); host: the device's network",
      value: '<none|host>',
    },
    architecture: { type: 'string', help: 'amd64, arm64, riscv64 or arm', value: '<arch>' },
    insecure: { type: 'boolean', help: 'Pull by plain http from registries that are not on this machine' },
  },
  examples: [
    { title: 'An archive that podman or docker has saved', command: 'cocon bundle app.tar -o app.erofs' },
    {
      title: 'An image of a registry, with limits',
      command: 'cocon bundle registry.example/app:1.4 -o app.erofs --memory 64MiB --cpus 0.5 --pids 64',
    },
  ],
  async run({ terminal, cwd }: BuilderContext, { args, options, json }) {
    if (options.output === undefined) {
      throw new UsageError('Cannot bundle: no file to write was given', 'Give one, like -o app.erofs.');
    }
    const output = resolve(cwd, options.output);
    const name = containerName(options.name ?? basename(output, EXTENSION));
    const network = networkOf(options.network ?? 'none');
    const resources = resourcesOf(options);
    const loaded = await loadConfig(cwd, options.config);
    const { architecture } = options;
    const config =
      architecture === undefined ? loaded.config : checkConfig({ ...loaded.config, architecture });
    const { mkfsErofs } = config.tools;
    const source = await openInput(args[0] ?? '', {
      insecure: options.insecure || config.seal.insecureRegistry,
      onLine: (line) => terminal.err(`${line}\n`),
      cwd,
    });
    try {
      const result = await bundleImage(source, {
        config,
        name,
        resources,
        network,
        mkfsErofs: mkfsErofs === undefined ? undefined : loaded.resolvePath(mkfsErofs),
        output,
        progress: json ? silentProgress : terminalProgress(terminal),
      });
      terminal.out(json ? `${JSON.stringify(result)}\n` : describe(result));
    } finally {
      await source.close();
    }
  },
});

function containerName(name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(
    `Cannot call a container "${name}": a host name has only a-z 0-9 . - and at most 63 of them`,
    'Give one with --name.',
  );
}

function networkOf(text: string): ContainerNetwork {
  if (text === 'none' || text === 'host') return text;
  throw new UsageError(`Cannot use network "${text}"`, 'Give --network none or --network host.');
}

function describe(result: BundleResult): string {
  const { process, linux } = result.config;
  const { memory, cpu, pids } = linux.resources;
  const limits = [
    ...(memory === undefined ? [] : [`${formatBytes(memory.limit)} of memory`]),
    ...(cpu === undefined ? [] : [`${cpu.quota / cpu.period} processors`]),
    `${pids.limit} processes`,
  ];
  const rows = [
    ['bundled', `${result.name} for ${result.architecture}`],
    ['image', result.imageDigest],
    ['starts', process.args.map((arg) => JSON.stringify(arg)).join(' ')],
    ['as', `${process.user.uid}:${process.user.gid}`],
    ['at most', limits.join(', ')],
    ...(result.passedOver.length === 0 ? [] : [['without', result.passedOver.join(', ')]]),
    ['file', `${result.output}: ${formatBytes(result.sizeBytes)}, sha256:${result.sha256}`],
  ];
  const lines = rows.map(([label = '', value = '']) => `${label.padEnd(9)}${visible(value)}`);
  return `${lines.join('\n')}\n`;
}

/** An image's words may hold what would move a terminal's cursor. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
}
