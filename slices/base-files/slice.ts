/** How the system starts and what it is called: init's table, the boot scripts, the health checks, the mount points. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { defineSlice, type LayerEntry, type Slice } from '../src/define-slice.ts';
import { demandsIn } from '../src/kernel/demands.ts';

const FILES = join(import.meta.dirname, 'files');
const EXECUTABLE = 0o755;
const READABLE = 0o644;

/** Directories that something is mounted on, for the root file system is read-only. */
const MOUNT_POINTS = ['proc', 'sys', 'dev', 'run', 'tmp', 'data', 'mnt'];

/** The files of `base-files/files` (a script is executable), mount points and links. */
export async function baseFiles(): Promise<Slice> {
  const paths = (await readdir(FILES, { recursive: true })).toSorted((a, b) => (a < b ? -1 : 1));
  const files: LayerEntry[] = [];
  for (const path of paths) {
    const full = join(FILES, path);
    if (!(await stat(full)).isFile()) continue;
    const contents = await readFile(full, 'utf8');
    const mode = contents.startsWith('#!') ? EXECUTABLE : READABLE;
    files.push({ type: 'file', path: relative(FILES, full), mode, contents });
  }
  return defineSlice({
    name: 'base-files',
    version: '1',
    license: 'Apache-2.0',
    summary: 'Init table, boot scripts, health checks',
    kernel: demandsIn(`
      PROC_FS SYSFS DEVTMPFS DEVTMPFS_MOUNT TMPFS TMPFS_XATTR CGROUPS UNIX98_PTYS EXT4_FS EXT4_FS_SECURITY
      INOTIFY_USER WATCHDOG PACKET
    `),
    build: {
      kind: 'entries',
      entries: [
        ...files,
        ...MOUNT_POINTS.map((path): LayerEntry => ({
          type: 'directory',
          path,
          mode: path === 'tmp' ? 0o1777 : EXECUTABLE,
        })),
        ...['etc/cocon/boot.d', 'etc/cocon/services.d'].map((path): LayerEntry => ({
          type: 'directory',
          path,
          mode: EXECUTABLE,
        })),
        { type: 'directory', path: 'root', mode: 0o700 },
        { type: 'symlink', path: 'etc/mtab', target: '../proc/self/mounts' },
        { type: 'symlink', path: 'etc/resolv.conf', target: '../run/resolv.conf' },
      ],
    },
    outputs: { runtime: [''] },
  });
}
