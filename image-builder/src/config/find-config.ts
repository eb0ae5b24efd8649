/** Finds `cocon.config.ts` without reading it. */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export const CONFIG_NAME = 'cocon.config.ts';

/** The nearest one in `directory` and those above. */
export async function findConfig(directory: string): Promise<string | undefined> {
  for (let at = resolve(directory); ; at = dirname(at)) {
    const path = join(at, CONFIG_NAME);
    if (await isFile(path)) return path;
    if (dirname(at) === at) return undefined;
  }
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
