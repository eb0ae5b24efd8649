/**
 * What boots are measured against: Debian's cloud kernel with the initrd that Debian's tools make for it, started by our
 * loader on the same machine. It ends at the first process of a root file system that does nothing but look at the clock: a
 * Debian with services takes longer.
 */
import { generateKeyPairSync } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { silentProgress } from '@cocon-os/cli';

import { checkConfig } from '../config/load-config.ts';
import { writeDisk } from '../disk/write-disk.ts';
import { BUILT_LOADER } from '../find-tools.ts';
import { rawPublicKey } from '../keys.ts';
import { runTool } from '../run-tool.ts';
import { seal } from '../seal/seal.ts';
import type { TarEntry } from '../tar/write.ts';
import { memoryImage } from './memory-image.ts';

const FETCH = fileURLToPath(new URL('../../../scripts/fetch-debian-initrd', import.meta.url));

/** The loader's disk comes first, so the root file system is the second. */
const COMMAND_LINE = 'console=ttyS0,115200 root=/dev/vdb ro panic=1';
const ROOT_SIZE = '16M';

/** The line that the first process of the root file system says, with the seconds of the guest's own clock. */
export const PEER_REACHED = /peer: reached, (\d+\.\d+) s after the kernel's start/;

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc 2>/dev/null
echo 1 >/proc/sys/kernel/printk
read -r uptime _ </proc/uptime
echo "peer: reached, $uptime s after the kernel's start" >/dev/console
exec /bin/busybox sleep 1000000
`;

/** The disks of the peer's machine, in order, made in `directory`. Throws `BuilderError`. */
export async function makePeerDisks(directory: string): Promise<readonly string[]> {
  const purpose = "get Debian's cloud kernel and initrd";
  const cache = await runTool({
    program: 'bash',
    args: [FETCH],
    packageName: 'bash',
    purpose,
    needs: ['network', 'apt', 'cache'],
  });
  const from = cache.trim();
  return [await loaderDisk(from, directory), await rootDisk(from, directory)];
}

async function loaderDisk(from: string, directory: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seals = { rootfs: false, commandLine: COMMAND_LINE };
  const config = checkConfig({ name: 'debian', version: 'peer', seal: seals, image: { data: false } });
  const entries = [
    bootFile('vmlinuz', await readFile(join(from, 'vmlinuz'))),
    bootFile('initrd.img', await readFile(join(from, 'initrd.img'))),
  ];
  const source = await memoryImage("Debian's cloud kernel", config.architecture, entries);
  const artifact = join(directory, 'debian.oci');
  await seal(source, { config, keys: [privateKey], output: artifact, progress: silentProgress });
  const output = join(directory, 'debian.img');
  await writeDisk({
    config,
    releases: [artifact],
    loader: BUILT_LOADER,
    trustedKeys: [rawPublicKey(privateKey)],
    output,
    progress: silentProgress,
  });
  return output;
}

function bootFile(name: string, bytes: Uint8Array): TarEntry {
  return { name: `boot/${name}`, type: 'file', mode: 0o644, size: bytes.length, data: [bytes] };
}

async function rootDisk(from: string, directory: string): Promise<string> {
  const root = join(directory, 'debian-root');
  for (const name of ['bin', 'sbin', 'dev', 'proc', 'sys', 'run', 'tmp']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await copyFile(join(from, 'busybox'), join(root, 'bin/busybox'));
  await writeFile(join(root, 'sbin/init'), INIT);
  await chmod(join(root, 'sbin/init'), 0o755);
  const output = join(directory, 'debian-root.img');
  await runTool({
    program: 'mkfs.ext4',
    args: ['-q', '-F', '-d', root, output, ROOT_SIZE],
    packageName: 'e2fsprogs',
    purpose: "make a root file system for Debian's kernel",
  });
  return output;
}
