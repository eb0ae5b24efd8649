/** A small initial file system for Linux: an uncompressed cpio archive (Documentation/driver-api/early-userspace/buffer-format.rst). */

/** One entry; parents must come before their children. */
export interface InitrdEntry {
  readonly path: string;
  /** File type and permissions, as in `st_mode`. */
  readonly mode: number;
  readonly content: Uint8Array;
}

const MAGIC = '070701';
const ALIGNMENT = 4;
const TRAILER = 'TRAILER!!!';
const DIRECTORY = 0o040_755;
const PROGRAM = 0o100_755;

/** An initrd whose /init is a script that a static busybox runs. The script finds /dev and /proc mounted. */
export function busyboxInitrd(busybox: Uint8Array, script: string): Buffer {
  // Without a device node /dev/console in the archive the kernel gives init no streams; it opens them itself.
  const init = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t proc none /proc
exec </dev/console >/dev/console 2>&1
/bin/busybox --install -s /bin
export PATH=/bin
${script}`;
  return cpio([
    ...['bin', 'dev', 'proc'].map((path) => ({ path, mode: DIRECTORY, content: new Uint8Array() })),
    { path: 'bin/busybox', mode: PROGRAM, content: busybox },
    { path: 'init', mode: PROGRAM, content: Buffer.from(init) },
  ]);
}

/** The archive of `entries`: format "newc", owner root, time 0. */
export function cpio(entries: readonly InitrdEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => record(entry, index + 1));
  return Buffer.concat([...parts, ...record({ path: TRAILER, mode: 0, content: new Uint8Array() }, 0)]);
}

function record({ path, mode, content }: InitrdEntry, inode: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const [uid, gid, links, time, majorMinor] = [0, 0, 1, 0, 0];
  const devices = [majorMinor, majorMinor, majorMinor, majorMinor];
  const check = 0;
  const fields = [inode, mode, uid, gid, links, time, content.length, ...devices, name.length, check];
  const header = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}
