/** `cocon seal`. */
import { resolve } from 'node:path';

import {
  defineCommand,
  formatBytes,
  plain,
  silentProgress,
  terminalProgress,
  UsageError,
} from '@cocon-os/cli';

import { loadConfig, checkConfig, type LoadedConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { readPrivateKey } from '../keys.ts';
import { openInput } from '../oci/input.ts';
import { seal as sealImage, type SealResult } from '../seal/seal.ts';
import { CONFIG_OPTIONS, type BuilderContext } from './context.ts';

export const seal = defineCommand({
  name: 'seal',
  summary: 'Seal an OCI image into a signed release: EROFS, dm-verity and kernel in one OCI artifact',
  args: ['image?'],
  options: {
    ...CONFIG_OPTIONS,
    name: { type: 'string', help: 'What the release is a release of', value: '<name>' },
    'release-version': { type: 'string', help: 'Its version, for people', value: '<version>' },
    architecture: { type: 'string', help: 'amd64, arm64, riscv64 or arm', value: '<arch>' },
    'security-version': {
      type: 'number',
      help: 'Lowest number that devices will start once they confirmed it',
      value: '<n>',
    },
    attempts: { type: 'number', help: 'Trial boots granted', value: '<n>' },
    'command-line': { type: 'string', help: 'Kernel command line', value: '<text>', mayBeEmpty: true },
    key: { type: 'strings', help: 'Private key that signs; may be repeated', value: '<file>', short: 'k' },
    output: {
      type: 'string',
      help: 'Artifact to write (default: <name>-<version>.oci)',
      value: '<file>',
      short: 'o',
    },
    insecure: { type: 'boolean', help: 'Pull by plain http from registries that are not on this machine' },
  },
  examples: [
    { title: 'Seal what cocon.config.ts describes', command: 'cocon seal' },
    {
      title: 'Seal an archive',
      command: 'cocon seal os.tar --key release.key --name gateway --release-version 2.1.0',
    },
    {
      title: 'Seal an image of a registry',
      command: 'cocon seal registry.example/os:2.1 --key release.key -o os-2.1.oci',
    },
  ],
  async run({ terminal, cwd }: BuilderContext, { args, options, json }) {
    const loaded = await loadConfig(cwd, options.config);
    const config = withOptions(loaded.config, options);
    const { mkfsErofs } = config.tools;
    const input = args[0] ?? config.seal.input;
    if (input === undefined) {
      throw new UsageError(
        'Cannot seal: no image was given',
        'Give one as an argument, or set seal.input in cocon.config.ts.',
      );
    }
    const keyPaths =
      options.key.length > 0
        ? options.key.map((path) => resolve(cwd, path))
        : config.seal.keys.map(loaded.resolvePath);
    const keys = await Promise.all(keyPaths.map(readPrivateKey));
    const source = await openInput(input, {
      insecure: options.insecure || config.seal.insecureRegistry,
      onLine: (line) => terminal.err(`${line}\n`),
      cwd: args[0] === undefined ? loaded.directory : cwd,
    });
    try {
      const result = await sealImage(source, {
        config,
        keys,
        mkfsErofs: mkfsErofs === undefined ? undefined : loaded.resolvePath(mkfsErofs),
        output: outputPath(cwd, options.output, loaded, config),
        progress: json ? silentProgress : terminalProgress(terminal),
      });
      terminal.out(json ? `${JSON.stringify(sealReport(result))}\n` : describe(result));
    } finally {
      await source.close();
    }
  },
});

interface SealFlags {
  readonly name: string | undefined;
  readonly 'release-version': string | undefined;
  readonly architecture: string | undefined;
  readonly 'security-version': number | undefined;
  readonly attempts: number | undefined;
  readonly 'command-line': string | undefined;
}

/** Without the options that were not given. */
function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** The command line counts more than the file; both are checked by the same rules. */
function withOptions(config: Config, flags: SealFlags): Config {
  return checkConfig({
    ...config,
    ...defined({ name: flags.name, version: flags['release-version'], architecture: flags.architecture }),
    seal: {
      ...config.seal,
      ...defined({
        securityVersion: flags['security-version'],
        attempts: flags.attempts,
        commandLine: flags['command-line'],
      }),
    },
  });
}

function outputPath(
  cwd: string,
  flag: string | undefined,
  { resolvePath }: LoadedConfig,
  config: Config,
): string {
  if (flag !== undefined) return resolve(cwd, flag);
  if (config.seal.output !== undefined) return resolvePath(config.seal.output);
  return resolve(cwd, `${config.name}-${config.version}.oci`.replaceAll(/[^\w.+-]/g, '_'));
}

function sealReport(result: SealResult): object {
  const { output, release, releaseDigest, artifactDigest, imageDigest, passedOver } = result;
  return {
    output,
    releaseDigest,
    artifactDigest: `sha256:${artifactDigest}`,
    imageDigest,
    release,
    passedOver,
  };
}

function describe({ output, release, releaseDigest, artifactDigest, passedOver }: SealResult): string {
  const { kernel, initrd, rootfs } = release;
  const rows = [
    ['sealed', `${release.name} ${release.version} for ${release.architecture}`],
    ['release', releaseDigest],
    ['artifact', `sha256:${artifactDigest}`],
    ['kernel', formatBytes(kernel.size)],
    ...(initrd === undefined ? [] : [['initrd', formatBytes(initrd.size)]]),
    ...(rootfs === undefined
      ? []
      : [['rootfs', `${formatBytes(rootfs.size)} and ${formatBytes(rootfs.verity.size)} of hashes`]]),
    ...(passedOver.length === 0 ? [] : [['without', plain(passedOver.join(', '))]]),
    ['file', output],
  ];
  return `${rows.map(([label = '', value = '']) => `${label.padEnd(9)}${value}`).join('\n')}\n`;
}
