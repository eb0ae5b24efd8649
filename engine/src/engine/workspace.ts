/** The directory that one build happens in: what it reads is laid out there, and what it leaves is found there. */
import { chmod, copyFile, lstat, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { BUILD_TIME } from '../build-time.ts';
import { SlicesError } from '../errors.ts';
import { localDigest, localFiles } from '../graph/local-digest.ts';
import { unpackLayer } from '../layer/unpack-layer.ts';
import type { SandboxMounts } from './sandbox.ts';

/** Directories of a workspace that the sandbox mounts under the same names. */
const READABLE = ['inputs', 'needs'];
const WRITABLE = ['build', 'out', 'tmp'];

const DIRECTORY_MODE = 0o755;
const EXECUTABLE = 0o755;
const READABLE_MODE = 0o644;

/** What is laid out for a build. */
export interface WorkspaceContents {
  /** Small texts, by file name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Layer file of each need's `dev` output, by the need's name. */
  readonly needs: ReadonlyMap<string, string>;
  /** A local source, and what it has to come to. */
  readonly local?: { readonly path: string; readonly digest: string };
}

/**
 * Fills a new directory.
 *
 * @throws SlicesError `SOURCE_CHANGED`, `OUTPUT_INVALID` for a need's layer that cannot be unpacked
 */
export async function fillWorkspace(
  work: string,
  { inputs, needs, local }: WorkspaceContents,
): Promise<void> {
  await mkdir(work, { recursive: true });
  for (const name of [...READABLE, ...WRITABLE]) {
    await mkdir(join(work, name));
    await chmod(join(work, name), DIRECTORY_MODE);
  }
  for (const [name, text] of Object.entries(inputs)) await writeFile(join(work, 'inputs', name), text);
  for (const [name, layer] of needs) {
    await mkdir(join(work, 'needs', name));
    await unpackLayer(layer, join(work, 'needs', name));
  }
  if (local !== undefined) await copyLocal(local.path, local.digest, join(work, 'build/source'));
}

/** How the sandbox sees a workspace. `sources` are files on the host, by the name that they have in `/sources`. */
export function mountsOf(
  work: string,
  toolchain: string,
  sources: Readonly<Record<string, string>>,
): SandboxMounts {
  const own = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [`/${name}`, join(work, name)]));
  const files = Object.entries(sources).map(([name, path]) => [`/sources/${name}`, path]);
  return {
    toolchain,
    readOnly: { ...own(READABLE), ...Object.fromEntries(files) },
    writable: own(WRITABLE),
  };
}

/**
 * Copies a local source: a directory's files, or a single file, whose copy is `to` itself. Modes are 755 and 644, and links
 * stay links. The copy has to be what was hashed when the tree was evaluated.
 *
 * @throws SlicesError `SOURCE_CHANGED`
 */
export async function copyLocal(from: string, digest: string, to: string): Promise<void> {
  const single = !(await lstat(from)).isDirectory();
  if (!single) await mkdir(to);
  const directories = new Set<string>(single ? [] : [to]);
  for (const { path, executable, target } of await localFiles(from)) {
    const copy = single ? to : join(to, path);
    for (let above = dirname(path); above !== '.'; above = dirname(above)) directories.add(join(to, above));
    await mkdir(dirname(copy), { recursive: true });
    if (target !== undefined) {
      await symlink(target, copy);
      continue;
    }
    await copyFile(single ? from : join(from, path), copy);
    await chmod(copy, executable ? EXECUTABLE : READABLE_MODE);
    await utimes(copy, BUILD_TIME, BUILD_TIME);
  }
  for (const directory of directories) await chmod(directory, DIRECTORY_MODE);
  const found = await localDigest(to);
  if (found === digest) return;
  throw new SlicesError('SOURCE_CHANGED', `Cannot build from ${from}: it changed while it was built`, {
    hint: 'Build again once nothing writes there.',
    facts: { path: from, evaluated: digest, found },
  });
}
