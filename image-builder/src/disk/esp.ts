/** The EFI system partition: a FAT file system that holds the loader and nothing else. */
import { truncate, writeFile } from 'node:fs/promises';

import type { ProgramEnvironment } from '@cocon-os/cli/host-program';
import type { Scratch } from '@cocon-os/qemu';

import { BuilderError } from '../errors.ts';
import { runTool } from '../run-tool.ts';

/** Where firmware looks when nobody told it where (UEFI 2.10 §3.5.1.1). */
const DEFAULT_LOADERS: Readonly<Record<string, string>> = {
  amd64: 'BOOTX64.EFI',
  arm64: 'BOOTAA64.EFI',
  riscv64: 'BOOTRISCV64.EFI',
  arm: 'BOOTARM.EFI',
};

/** FAT's first day: what stands in a directory entry must be some date. */
const FAT_EPOCH = '315532800';

/** All that mtools.conf(5) of the host could say about files: variables stand above configuration files. */
export const MTOOLS_ENVIRONMENT: ProgramEnvironment = {
  MTOOLS_SKIP_CHECK: '1',
  MTOOLS_FAT_COMPATIBILITY: '0',
  MTOOLS_LOWER_CASE: '0',
  MTOOLS_NO_VFAT: '0',
  MTOOLS_DOTTED_DIR: '0',
  MTOOLS_NAME_NUMERIC_TAIL: '1',
};

/** Makes the file system in a new file `output` of `sizeBytes`. `serial` are its 4 bytes of volume serial number. */
export async function writeEsp(
  output: string,
  sizeBytes: number,
  loader: Uint8Array,
  architecture: string,
  serial: Uint8Array,
  scratch: Scratch,
): Promise<void> {
  const name = DEFAULT_LOADERS[architecture];
  if (name === undefined) {
    throw new BuilderError(
      'FIRMWARE_UNSUPPORTED',
      `Cannot make a disk for ${architecture}: UEFI names no default loader for it`,
      {
        hint: `Use one of ${Object.keys(DEFAULT_LOADERS).join(', ')}.`,
      },
    );
  }
  await writeFile(output, '');
  await truncate(output, sizeBytes);
  const environment = { ...MTOOLS_ENVIRONMENT, SOURCE_DATE_EPOCH: FAT_EPOCH };
  const tool = (program: string, packageName: string, args: readonly string[]): Promise<string> =>
    runTool({
      program,
      packageName,
      args,
      environment,
      purpose: 'make the EFI system partition',
      writes: output,
    });
  const id = Buffer.from(serial.subarray(0, 4)).toString('hex');
  await tool('mkfs.vfat', 'dosfstools', ['--invariant', '-i', id, '-n', 'COCON-ESP', output]);
  const file = scratch.file(name);
  await writeFile(file, loader);
  await tool('mmd', 'mtools', ['-i', output, '::/EFI', '::/EFI/BOOT']);
  await tool('mcopy', 'mtools', ['-i', output, file, `::/EFI/BOOT/${name}`]);
}
