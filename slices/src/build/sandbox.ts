/**
 * The place where builds run: bubblewrap with namespaces of its own for users, mounts, processes, IPC, host name and
 * network. A build sees the host's /usr (its compiler) read-only, its own directory as /build, and nothing else of the
 * machine: no network, no home, no environment, no /usr/local. It works for root and for plain users alike.
 *
 * The clock runs on; builds take their time from `SOURCE_DATE_EPOCH`, and the tests compare two runs.
 */
import { lstat } from 'node:fs/promises';

import { runProcess, type ProcessResult } from '../run-process.ts';
import { BUILD_TIME } from '../build-time.ts';

/** Where host directories and files show up inside. */
export interface SandboxMounts {
  /** Path inside → path on the host. */
  readonly readOnly: Readonly<Record<string, string>>;
  readonly writable: Readonly<Record<string, string>>;
}

/** The whole environment of a build. Part of every cache key. */
export const SANDBOX_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/bin:/usr/sbin',
  HOME: '/build',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  SOURCE_DATE_EPOCH: String(BUILD_TIME),
  KBUILD_BUILD_TIMESTAMP: new Date(BUILD_TIME * 1000).toUTCString(),
  KBUILD_BUILD_USER: 'cocon',
  KBUILD_BUILD_HOST: 'cocon',
};

/** bubblewrap's arguments for a set of mounts. `usrMerged` lists the links of the root directory that lead into /usr. */
export function sandboxArguments(mounts: SandboxMounts, usrMerged: readonly string[]): string[] {
  return [
    [
      '--unshare-user',
      '--unshare-ipc',
      '--unshare-pid',
      '--unshare-net',
      '--unshare-uts',
      '--unshare-cgroup-try',
    ],
    ['--uid', '0', '--gid', '0', '--hostname', 'cocon'],
    ['--die-with-parent', '--new-session', '--clearenv'],
    ...Object.entries(SANDBOX_ENVIRONMENT).map(([name, value]) => ['--setenv', name, value]),
    ['--ro-bind', '/usr', '/usr', '--tmpfs', '/usr/local'],
    ...usrMerged.map((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ['--ro-bind', '/etc/alternatives', '/etc/alternatives'],
    ['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    ...Object.entries(mounts.readOnly).map(([inside, host]) => ['--ro-bind', host, inside]),
    ...Object.entries(mounts.writable).map(([inside, host]) => ['--bind', host, inside]),
    ['--chdir', '/build'],
  ].flat();
}

/** Runs a bash script inside, stopping at its first failing command. */
export async function runInSandbox(
  script: string,
  mounts: SandboxMounts,
  onLine?: (line: string) => void,
): Promise<ProcessResult> {
  const args = sandboxArguments(mounts, await usrMergedLinks());
  const shell = ['/usr/bin/bash', '-eu', '-o', 'pipefail', '-c', `umask 022\n${script}`];
  return runProcess('bwrap', [...args, ...shell], onLine === undefined ? {} : { onLine });
}

async function usrMergedLinks(): Promise<string[]> {
  const names = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
  const links = await Promise.all(
    names.map((name) =>
      lstat(`/${name}`).then(
        (stat) => stat.isSymbolicLink(),
        () => false,
      ),
    ),
  );
  return names.filter((_, index) => links[index]);
}
