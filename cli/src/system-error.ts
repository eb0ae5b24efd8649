/** Errors of the system that are not ours to mend: rights, room, disks, and paths that lead to something else. */
import { messageOf } from './errors.ts';

/**
 * The way out, by the name of the error (errno(3)). Any other that comes as far as this is a mistake of the program: where a
 * file may be missing, whoever opens it says so itself.
 */
const HINTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    EACCES: 'See who may use that path, or run it as the user whose it is.',
    EPERM: 'See who may use that path, or run it as the user whose it is.',
    EROFS: 'Nothing can be written there: name another place.',
    ENOSPC: 'Make room where the output goes, and where temporary files go (TMPDIR).',
    EDQUOT: 'The quota is used up. Make room where the output goes, and where temporary files go (TMPDIR).',
    EIO: 'The disk fails to read or to write; see the log of the kernel.',
    EMFILE: 'Raise the limit of open files (ulimit -n).',
    ENFILE: 'Too many files are open on this machine.',
    EISDIR: 'That is a directory: name a file.',
    ENOTDIR: 'A part of that path is a file: name a place in a directory.',
    ENAMETOOLONG: 'A name takes at most 255 bytes, a path 4095.',
    ELOOP: 'The links of that path lead in a circle.',
  }),
);

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'it is not there'],
  ['EISDIR', 'it is a directory'],
]);

/** Why a file that was named cannot be opened or read, as the end of a sentence: "it is not there". */
export function whyUnread(cause: unknown): string {
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
  return REASONS.get(code) ?? messageOf(cause);
}

/** What is said of such an error. */
export interface SystemError {
  readonly hint: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** What there is to say of an error, if it is one of a system call that the machine's state explains. */
export function systemErrorOf(thrown: unknown): SystemError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const [errno, syscall, path]: readonly unknown[] = ['code', 'syscall', 'path'].map((name) =>
    Reflect.get(thrown, name),
  );
  if (typeof errno !== 'string' || typeof syscall !== 'string') return undefined;
  const hint = HINTS.get(errno);
  if (hint === undefined) return undefined;
  return { hint, facts: { errno, syscall, ...(typeof path === 'string' ? { path } : {}) } };
}
