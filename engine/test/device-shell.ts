/**
 * Runs scripts of the device on this machine: under the device's own busybox, at the places where they will be, in a
 * sandbox that holds nothing else.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { nodeTerminal } from '@cocon-os/cli/node';
import { onTestFinished } from 'vitest';

import { buildTree } from '../src/commands/build-tree.ts';
import { evaluateTree } from '../src/commands/context.ts';
import { REPOSITORY } from '../src/define/location.ts';

/** Where a device's files are while a test runs. */
export interface DeviceShell {
  /** Where a path of the device is on this machine. */
  path(path: string): string;
  /** Arguments of bwrap that whoever is root already starts a program of the device with. */
  readonly sandbox: readonly string[];
  /** Runs a script to its end. */
  run(script: string): Promise<{ readonly output: string; readonly status: unknown }>;
}

/** What there may be of a device. */
export interface DeviceOptions {
  /** Slices whose `files` are there. */
  readonly slices: readonly string[];
  /** Whether /data is mounted. */
  readonly data?: boolean;
  /** Contents of /proc/cmdline. */
  readonly commandLine?: string;
  /** Further files, by path from the root. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

let layer: Promise<string> | undefined;

/** The file of busybox's layer in the embedded profile, built if it has to be. */
async function busyboxLayer(): Promise<string> {
  layer ??= (async () => {
    const graph = await evaluateTree(REPOSITORY, 'embedded');
    const { built, store } = await buildTree(graph, nodeTerminal, { targets: ['busybox'] });
    const runtime = built.get('busybox@x86_64')?.outputs.runtime;
    if (runtime === undefined) throw new Error('busybox has no runtime output');
    return store.pathOf(runtime.digest);
  })();
  return layer;
}

/** Another file system than that of temporary files, so that /data is a mount point by every program's rules. */
const DATA_DIRECTORY = '/dev/shm';

/** Namespaces of its own, but for the network: tests serve what a cloud would. */
const ALONE =
  '--unshare-uts --unshare-ipc --unshare-pid --die-with-parent --cap-add CAP_SYS_ADMIN --hostname cocon';
const AS_ROOT = '--unshare-user --uid 0 --gid 0';
const ENVIRONMENT = '--clearenv --setenv PATH /usr/bin:/bin:/usr/sbin:/sbin --chdir /';

/** A device's files in a new directory, which goes with the test. */
export async function deviceShell({
  slices,
  data = true,
  commandLine = '',
  files = {},
}: DeviceOptions): Promise<DeviceShell> {
  const root = mkdtempSync(join(tmpdir(), 'cocon-device-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const dataRoot = data ? mkdtempSync(join(DATA_DIRECTORY, 'cocon-data-')) : join(root, 'data');
  onTestFinished(() => rmSync(dataRoot, { recursive: true, force: true }));
  const pathOf = (path: string): string =>
    path.startsWith('data/') ? join(dataRoot, path.slice('data/'.length)) : join(root, path);
  execFileSync('tar', ['--extract', '--file', await busyboxLayer(), '--directory', root]);
  for (const name of ['data', 'run', 'proc', 'dev', 'tmp']) mkdirSync(join(root, name));
  for (const slice of slices) cpSync(join(REPOSITORY, 'slices', slice, 'files'), root, { recursive: true });
  writeFileSync(join(root, 'cmdline'), `${commandLine}\n`);
  for (const [path, contents] of Object.entries(files)) {
    mkdirSync(dirname(pathOf(path)), { recursive: true });
    writeFileSync(pathOf(path), contents);
  }
  const binds = [`--bind ${root} /`, `--proc /proc --dev /dev --ro-bind ${root}/cmdline /proc/cmdline`];
  if (data) binds.push(`--bind ${dataRoot} /data`);
  const sandbox = `${ALONE} ${binds.join(' ')} ${ENVIRONMENT}`.split(' ');
  return {
    path: pathOf,
    sandbox,
    async run(script) {
      const child = spawn('bwrap', [...AS_ROOT.split(' '), ...sandbox, '/bin/sh', '-c', script], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      const [status] = (await once(child, 'close')) as unknown[];
      return { output, status };
    },
  };
}
