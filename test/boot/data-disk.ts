/** A disk with nothing but a data partition, so that what is written to the system's disk can be counted alone. */
import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';

const MEBIBYTE = 2 ** 20;
const START_MIB = 1;
const SIZE_MIB = 32;

/** Makes the disk in the file `path`. */
export function makeDataDisk(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, (START_MIB + SIZE_MIB + 1) * MEBIBYTE);
  const table = `label: gpt\nstart=${String(START_MIB)}MiB, size=${String(SIZE_MIB)}MiB, type=linux, name="cocon-data"\n`;
  execFileSync('sfdisk', ['--quiet', path], { input: table, stdio: ['pipe', 'ignore', 'pipe'] });
  const place = `offset=${String(START_MIB * MEBIBYTE)}`;
  execFileSync('mkfs.ext4', ['-q', '-F', '-E', place, path, `${String(SIZE_MIB)}M`]);
}
