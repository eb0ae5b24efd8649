/** How the system starts and what it is called: init's table, the boot scripts, the health checks, the mount points. */
import { join } from 'node:path';

import { defineSlice, localSource, type LayerEntry } from '@cocon-os/engine';

/** Directories that something is mounted on, for the root file system is read-only. */
const MOUNT_POINTS = ['proc', 'sys', 'dev', 'run', 'data', 'mnt'];

/** Where slices put what is run once at boot, and what is kept running. */
const FOR_SLICES = ['etc/cocon/boot.d', 'etc/cocon/services.d'];

function directory(path: string, mode = 0o755): LayerEntry {
  return { type: 'directory', path, mode };
}

/** The files of `base-files/files`, mount points and links. */
export const baseFiles = defineSlice({
  name: 'base-files',
  version: '1',
  license: 'Apache-2.0',
  summary: 'Init table, boot scripts, health checks',
  source: localSource(join(import.meta.dirname, 'files')),
  kernel: (k) => [
    k.PROC_FS,
    k.SYSFS,
    k.DEVTMPFS,
    k.DEVTMPFS_MOUNT,
    k.TMPFS,
    k.TMPFS_XATTR,
    k.CGROUPS,
    k.UNIX98_PTYS,
    k.EXT4_FS,
    k.EXT4_FS_SECURITY,
    k.INOTIFY_USER,
    k.WATCHDOG,
    k.PACKET,
  ],
  build: () => ({
    kind: 'entries',
    entries: [
      ...MOUNT_POINTS.map((path) => directory(path)),
      ...FOR_SLICES.map((path) => directory(path)),
      directory('tmp', 0o1777),
      directory('root', 0o700),
      { type: 'symlink', path: 'etc/mtab', target: '../proc/self/mounts' },
      { type: 'symlink', path: 'etc/resolv.conf', target: '../run/resolv/resolv.conf' },
      { type: 'symlink', path: 'etc/hosts', target: '../run/hosts' },
    ],
  }),
  outputs: { runtime: [''] },
  tests: ({ vm }) => [
    vm
      .boots()
      .run('cat /sys/fs/cgroup/cgroup.subtree_control')
      .says(/^cpu memory pids$/)
      .run('touch /etc/x')
      .exits(1)
      .says(/Read-only file system/),
  ],
});
