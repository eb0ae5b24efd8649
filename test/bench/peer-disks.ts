/** Disks on which systemd-boot and GRUB, as Debian ships them, start a kernel from an EFI system partition. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SYSTEMD_BOOT = '/usr/lib/systemd/boot/efi/systemd-bootx64.efi';
const MEBIBYTE = 2 ** 20;
const ESP_START_MIB = 1;
const ESP_MIB = 32;
const LOADER_PATH = '::/EFI/BOOT/BOOTX64.EFI';

/** What a peer starts. */
export interface PeerKernel {
  readonly kernel: string;
  readonly commandLine: string;
}

/** Makes a disk whose systemd-boot starts its only entry at once. */
export function systemdBootDisk(directory: string, { kernel, commandLine }: PeerKernel): string {
  requireFile(SYSTEMD_BOOT, 'systemd-boot-efi');
  const work = join(directory, 'systemd-boot');
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'loader.conf'), 'timeout 0\ndefault linux.conf\n');
  writeFileSync(join(work, 'linux.conf'), `title Linux\nlinux /vmlinuz\noptions ${commandLine}\n`);
  return espDisk(work, [
    [SYSTEMD_BOOT, LOADER_PATH],
    [join(work, 'loader.conf'), '::/loader/loader.conf'],
    [join(work, 'linux.conf'), '::/loader/entries/linux.conf'],
    [kernel, '::/vmlinuz'],
  ]);
}

/** Makes a disk whose GRUB starts its only command at once. */
export function grubDisk(directory: string, { kernel, commandLine }: PeerKernel): string {
  const work = join(directory, 'grub');
  mkdirSync(work, { recursive: true });
  const config = join(work, 'grub.cfg');
  const image = join(work, 'grub.efi');
  writeFileSync(
    config,
    `insmod part_gpt\ninsmod fat\nsearch --no-floppy --file /vmlinuz --set=root\nlinux /vmlinuz ${commandLine}\nboot\n`,
  );
  run('grub-mkstandalone', [
    '--format=x86_64-efi',
    `--output=${image}`,
    '--locales=',
    '--fonts=',
    '--themes=',
    `boot/grub/grub.cfg=${config}`,
  ]);
  return espDisk(work, [
    [image, LOADER_PATH],
    [kernel, '::/vmlinuz'],
  ]);
}

/** A GPT disk with one EFI system partition that holds `files` (source, target). */
function espDisk(work: string, files: readonly (readonly [string, string])[]): string {
  const disk = join(work, 'disk.img');
  writeFileSync(disk, '');
  truncateSync(disk, (ESP_START_MIB + ESP_MIB + 1) * MEBIBYTE);
  run(
    'sfdisk',
    ['--quiet', disk],
    `label: gpt\nstart=${String(ESP_START_MIB)}MiB, size=${String(ESP_MIB)}MiB, type=uefi\n`,
  );
  const esp = `${disk}@@${String(ESP_START_MIB)}M`;
  run('mformat', ['-i', esp, '-T', String((ESP_MIB * MEBIBYTE) / 512), '-h', '64', '-s', '32', '::']);
  const directories = new Set(files.flatMap(([, target]) => parents(target)));
  run('mmd', ['-i', esp, ...directories]);
  for (const [source, target] of files) run('mcopy', ['-i', esp, source, target]);
  return disk;
}

/** `::/a/b/c` has the parents `::/a` and `::/a/b`. */
function parents(target: string): readonly string[] {
  const names = target.split('/').slice(1, -1);
  return names.map((_, index) => `::/${names.slice(0, index + 1).join('/')}`);
}

function run(program: string, args: readonly string[], input?: string): void {
  execFileSync(program, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(input === undefined ? {} : { input }),
  });
}

function requireFile(path: string, packageName: string): void {
  if (!existsSync(path)) throw new Error(`Cannot find ${path}; install the Debian package ${packageName}`);
}
