/** Errors of the system that are not ours to mend: rights, room and disks. */

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
  }),
);

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
