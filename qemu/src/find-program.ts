/** Finds programs: a given path, then an environment variable, then PATH. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { QemuError } from './errors.ts';
import type { Architecture } from './machine.ts';

interface Program {
  readonly name: string;
  /** Environment variable that holds a path. */
  readonly variable: string;
  readonly debianPackage: string;
}

const EMULATORS: Readonly<Record<Architecture, Program>> = {
  x86_64: { name: 'qemu-system-x86_64', variable: 'COCON_QEMU_X86_64', debianPackage: 'qemu-system-x86' },
};
const QEMU_IMG: Program = { name: 'qemu-img', variable: 'COCON_QEMU_IMG', debianPackage: 'qemu-utils' };

/** The emulator of an architecture. Throws `QEMU_NOT_FOUND`. */
export function findEmulator(architecture: Architecture, given?: string): string {
  return find(EMULATORS[architecture], given);
}

/** The image tool. Throws `QEMU_NOT_FOUND`. */
export function findQemuImg(given?: string): string {
  return find(QEMU_IMG, given);
}

function find(program: Program, given: string | undefined): string {
  const named = given ?? process.env[program.variable];
  const searched = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = named === undefined ? searched.map((folder) => join(folder, program.name)) : [named];
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  const where =
    named === undefined ? `no such program in ${searched.join(', ')}` : `"${named}" is not a program`;
  throw new QemuError('QEMU_NOT_FOUND', `Cannot find ${program.name}: ${where}`, {
    hint: `Install the package ${program.debianPackage} (Debian's name), or set ${program.variable} to its path.`,
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
