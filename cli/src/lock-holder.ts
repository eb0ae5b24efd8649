/** Who holds a flock(2), for messages. */
import { fstatSync, readdirSync, readFileSync, statSync } from 'node:fs';

/**
 * The process that holds a lock on what `descriptor` is open on, as far as this process may see it: not one of another PID
 * namespace. /proc/locks would name the flock(1) that has ended.
 */
export function holderOf(descriptor: number): number | undefined {
  const { dev, ino } = fstatSync(descriptor);
  const holds = (pid: string): boolean =>
    list(`/proc/${pid}/fd`).some((fd) => {
      const open = orUndefined(() => statSync(`/proc/${pid}/fd/${fd}`));
      if (open?.ino !== ino || open.dev !== dev) return false;
      const info = orUndefined(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? '';
      return /^lock:.*\bFLOCK\b/m.test(info);
    });
  const pid = list('/proc').find((name) => /^\d+$/.test(name) && holds(name));
  return pid === undefined ? undefined : Number(pid);
}

const list = (folder: string): readonly string[] => orUndefined(() => readdirSync(folder)) ?? [];

function orUndefined<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    // It has ended meanwhile, or is somebody else's.
    return undefined;
  }
}
