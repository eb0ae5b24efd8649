/**
 * The place where builds run: bubblewrap over the pinned toolchain, with namespaces of its own for users, mounts,
 * processes, IPC, host name and network.
 *
 * A build sees the toolchain read-only, what it declared, and three directories that it may write to: `/build`, `/out` and
 * `/tmp`. It has no network, no home, nothing of the host's environment and no capability, so root and plain users get the
 * same. libfaketime holds the clock at {@link BUILD_TIME} for every program that asks the C library; the times of files
 * and the monotonic clock stay real, and make and ninja, which compare files with the clock, are
 * left alone; so is Python in a toolchain that has Meson, which does the same.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { programEnvironment, startProgram } from '@cocon-os/cli/host-program';

import { BUILD_TIME } from '../build-time.ts';
import { SlicesError } from '../errors.ts';
import { hasCode } from '../files.ts';
import { exitStatus, type ProcessResult } from '../run-process.ts';
import { compilerCacheArguments, type CompilerCache } from './compiler-cache.ts';

/** Where host directories and files show up inside. */
export interface SandboxMounts {
  /** The root of the toolchain, on the host. */
  readonly toolchain: string;
  /** Path inside → path on the host. */
  readonly readOnly: Readonly<Record<string, string>>;
  readonly writable: Readonly<Record<string, string>>;
}

/** Where the toolchain has libfaketime, the variant for programs with threads. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** The whole environment of a build, but for {@link WITH_MESON}. */
export const SANDBOX_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/usr/sbin',
  HOME: '/build',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  SOURCE_DATE_EPOCH: String(BUILD_TIME),
  KBUILD_BUILD_TIMESTAMP: new Date(BUILD_TIME * 1000).toUTCString(),
  KBUILD_BUILD_USER: 'cocon',
  KBUILD_BUILD_HOST: 'cocon',
  LD_PRELOAD: FAKETIME,
  FAKETIME: new Date(BUILD_TIME * 1000).toISOString().replace('T', ' ').slice(0, 19),
  FAKETIME_DISABLE_SHM: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  FAKETIME_SKIP_CMDS: 'make,ninja',
  NO_FAKE_STAT: '1',
};

/**
 * Meson refuses files that are newer than the clock, its own among them. libfaketime knows it
 * by the name of its interpreter.
 */
const WITH_MESON: Readonly<Record<string, string>> = {
  ...SANDBOX_ENVIRONMENT,
  FAKETIME_SKIP_CMDS: 'make,ninja,python3',
};

/** A step's script runs by this, behind {@link PROLOGUE}, and stops at its first failing command. */
const SHELL = ['/usr/bin/bash', '-eu', '-o', 'pipefail', '-c'];

/** One stream for both kinds of output keeps their order. */
const PROLOGUE = 'exec 2>&1\numask 022\n';

/** bubblewrap's arguments up to the program that it runs; `more` of them come before the root is closed. */
function sandboxArguments(
  { toolchain, readOnly, writable }: SandboxMounts,
  more: readonly string[] = [],
  meson = existsSync(join(toolchain, 'usr/bin/meson')),
): string[] {
  return [
    [
      '--unshare-user',
      '--unshare-ipc',
      '--unshare-pid',
      '--unshare-net',
      '--unshare-uts',
      '--unshare-cgroup-try',
    ],
    ['--uid', '0', '--gid', '0', '--hostname', 'cocon', '--cap-drop', 'ALL'],
    ['--die-with-parent', '--clearenv'],
    ...Object.entries(meson ? WITH_MESON : SANDBOX_ENVIRONMENT).map(([name, value]) => [
      '--setenv',
      name,
      value,
    ]),
    ['--ro-bind', `${toolchain}/usr`, '/usr', '--ro-bind', `${toolchain}/etc`, '/etc'],
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ['--proc', '/proc', '--dev', '/dev'],
    ...Object.entries(readOnly).map(([inside, host]) => ['--ro-bind', host, inside]),
    ...Object.entries(writable).map(([inside, host]) => ['--bind', host, inside]),
    more,
    // /proc/sys asks who owns a process, not what it may: root of the host could write there without any capability.
    ['--remount-ro', '/proc', '--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/build'],
  ].flat();
}

/**
 * What of the sandbox with these packages is in a key: all of it, with names in place of the
 * host's paths.
 */
export function sandboxForKey(packages: readonly string[]): readonly string[] {
  const writable = { '/build': '<build>', '/out': '<out>', '/tmp': '<tmp>' };
  const mounts = { toolchain: '<toolchain>', readOnly: {}, writable };
  return [...sandboxArguments(mounts, [], packages.includes('meson')), ...SHELL, PROLOGUE];
}

/** What a run may be told. */
export interface SandboxOptions {
  readonly onLine?: (line: string) => void;
  /** Processors that the build may use, and sees. All, if not given. */
  readonly processors?: number;
  readonly compilerCache?: CompilerCache;
}

const TAIL_LINES = 30;

/** Runs a bash script inside. Throws `HOST_PACKAGE_MISSING`. */
export async function runInSandbox(
  script: string,
  mounts: SandboxMounts,
  { onLine, processors, compilerCache }: SandboxOptions = {},
): Promise<Omit<ProcessResult, 'stdout'>> {
  const limit = processors === undefined ? [] : ['taskset', '--cpu-list', `0-${processors - 1}`];
  const more = compilerCache === undefined ? [] : compilerCacheArguments(compilerCache);
  const run = ['bwrap', ...sandboxArguments(mounts, more), '--new-session', ...SHELL, PROLOGUE + script];
  const [program = 'bwrap', ...args] = [...limit, ...run];
  const child = startProgram(program, args, {
    environment: programEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tail: string[] = [];
  const seen = (line: string): void => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    onLine?.(line);
  };
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', seen);
  return { status: await endOf(child), tail };
}

/**
 * Gives the terminal to a shell inside, whose words go to standard error if standard output is wanted for others. Returns its
 * exit status. Throws `HOST_PACKAGE_MISSING`.
 */
export async function shellInSandbox(mounts: SandboxMounts, output: 'out' | 'err' = 'out'): Promise<number> {
  const terminal = ['--setenv', 'TERM', process.env['TERM'] ?? 'dumb', '--setenv', 'PS1', 'sandbox:\\w# '];
  const shell = ['/usr/bin/bash', '--norc', '--noprofile', '-i'];
  return endOf(
    startProgram('bwrap', [...sandboxArguments(mounts), ...terminal, ...shell], {
      environment: programEnvironment(),
      stdio: ['inherit', output === 'out' ? 'inherit' : process.stderr, 'inherit'],
    }),
  );
}

async function endOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code, signal) => resolve(exitStatus(code, signal)));
  try {
    return await promise;
  } catch (cause) {
    if (!hasCode(cause, ['ENOENT'])) throw cause;
    throw new SlicesError('HOST_PACKAGE_MISSING', `Cannot build: ${child.spawnfile} is not installed`, {
      hint: 'Run: apt-get install --no-install-recommends bubblewrap util-linux',
      cause,
    });
  }
}
