/** What kind of program a health check is, and why one does not start: in words that name the file's fault, not the kernel's. */
import type { Platform } from './platform.ts';

/** As much as the kernel looks at to find an interpreter (BINPRM_BUF_SIZE). */
const START_BYTES = 256;
const ELF = '\u007FELF';

/** How a check is started. */
export type CheckFormat =
  /** The kernel takes it: it begins with `#!`, or is an ELF file. */
  | { readonly kind: 'script'; readonly interpreter: string }
  | { readonly kind: 'elf' }
  /** Text without a first line `#!`: every shell runs it, and so does execvp(3) of glibc, but not the kernel. */
  | { readonly kind: 'bare' }
  | { readonly kind: 'unknown' };

/** Looks at the beginning of the file. Throws `FILE_UNREADABLE`. */
export function checkFormat(platform: Platform, path: string): CheckFormat {
  const bytes = platform.readStart(path, START_BYTES) ?? new Uint8Array();
  const start = String.fromCharCode(...bytes);
  if (start.startsWith(ELF)) return { kind: 'elf' };
  if (start.startsWith('#!')) {
    const [line = ''] = start.slice(2).split('\n');
    return { kind: 'script', interpreter: /^[ \t]*([^ \t]*)/.exec(line)?.[1] ?? '' };
  }
  return { kind: start.includes('\0') ? 'unknown' : 'bare' };
}

/** Why a check did not start. `reason` is the system's word for it. */
export function startFault(platform: Platform, format: CheckFormat, reason: string): string {
  switch (format.kind) {
    case 'script': {
      const { interpreter } = format;
      if (interpreter.endsWith('\r')) {
        return `its first line ends in CR LF, so its interpreter is "${interpreter.slice(0, -1)}" and a carriage return: save it with the line ends of Unix`;
      }
      const kind = platform.fileKind(interpreter);
      if (kind === 'nothing') return `its interpreter "${interpreter}" is not there`;
      return kind === 'program' ? reason : `its interpreter "${interpreter}" cannot be executed`;
    }
    case 'elf':
      return /ENOENT|No such file/.test(reason)
        ? 'it is linked dynamically, and the loader that it names is not there'
        : `it is no program for this machine: ${reason}`;
    case 'bare':
      return `it has no first line "#!", and /bin/sh cannot run it: ${reason}`;
    case 'unknown':
      return 'it is neither a script nor an ELF program';
  }
}
