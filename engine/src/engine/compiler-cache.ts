/**
 * Objects of earlier builds of a node, kept by ccache and put in place of what the compiler would
 * make of the same text.
 *
 * A C compiler's object depends on the compiler, its arguments, and the text that the preprocessor
 * hands on. ccache looks an object up by those three: the direct mode, which believes header files
 * without preprocessing, is off, and so is all its sloppiness. What reaches an object besides, the
 * toolchain's other programs and the sandbox's environment, is in {@link CompilerCache.namespace};
 * the files that an assembler reads are in no preprocessed text, so a text that names one is
 * compiled (`keep-out.sh`). ccache holds each object against a checksum before it is used. A node
 * has a directory of its own, and so meets no object of another's steps.
 */
import { access, constants, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import { TARGET_NAMES } from '../define/target.ts';
import { hasCode } from '../files.ts';
import type { GraphNode } from '../graph/graph.ts';
import { sha256Of, stableJson } from '../stable-json.ts';

/** What a sandbox has to know. */
export interface CompilerCache {
  /** On the host. Builds of one node may share it at the same time. */
  readonly directory: string;
  /** Stands for all that objects depend on and ccache does not look at. */
  readonly namespace: string;
  /** Names of the compilers, as they are called. */
  readonly compilers: readonly string[];
}

/** How much of a node's objects is kept, compressed; the kernel of `embedded` comes to 19 MB. */
const MOST = '2G';

/** ccache's settings (ccache(1), "Configuration options"). */
const SETTINGS: Readonly<Record<string, string>> = {
  CCACHE_CONFIGPATH: '/dev/null',
  CCACHE_NODIRECT: '1',
  CCACHE_NOINODECACHE: '1',
  CCACHE_COMPILERCHECK: 'content',
  CCACHE_SLOPPINESS: '',
  CCACHE_PREFIX_CPP: '/ccache/keep-out.sh',
  CCACHE_TEMPDIR: '/tmp',
  CCACHE_MAXSIZE: MOST,
};

const KEEP_OUT = join(import.meta.dirname, 'keep-out.sh');

/** bubblewrap's arguments that put ccache before the compilers. */
export function compilerCacheArguments({ directory, namespace, compilers }: CompilerCache): string[] {
  const environment = {
    ...SETTINGS,
    CCACHE_DIR: '/ccache/objects',
    CCACHE_NAMESPACE: namespace,
    PATH: '/ccache/bin:/usr/bin:/usr/sbin',
    // ccache runs by the names of compilers. By a clock that stands still, every input would be
    // written while it is compiled.
    FAKETIME_SKIP_CMDS: ['make', 'ninja', ...compilers].join(','),
  };
  return [
    ['--bind', directory, '/ccache/objects', '--ro-bind', KEEP_OUT, SETTINGS['CCACHE_PREFIX_CPP'] ?? ''],
    ...compilers.map((name) => ['--symlink', '/usr/bin/ccache', `/ccache/bin/${name}`]),
    ...Object.entries(environment).map(([name, value]) => ['--setenv', name, value]),
  ].flat();
}

/** Of the record of a node's key: what its compilers are, and what they run in. */
interface Surroundings {
  readonly toolchain?: { readonly digest: string };
  readonly sandbox?: readonly string[];
}

/** The objects of a node; nothing for one that wants none, or whose place cannot be written. */
export async function compilerCacheOf(
  { id, recipe, platform }: GraphNode,
  { toolchain, sandbox }: Surroundings,
  { compiled }: CacheDirectory,
): Promise<CompilerCache | undefined> {
  if (recipe.kind !== 'steps' || recipe.compilerCache !== true) return undefined;
  const directory = join(compiled, id);
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
  } catch (error) {
    if (hasCode(error, ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST']))
      return undefined;
    throw error;
  }
  const keepOut = await readFile(KEEP_OUT, 'utf8');
  const namespace = sha256Of(stableJson({ toolchain: toolchain?.digest, sandbox, SETTINGS, keepOut }));
  const triplets = ['x86_64', ...(platform === 'host' ? [] : [platform])] as const;
  const cross = triplets.map((target) => `${TARGET_NAMES[target].triplet}-gcc`);
  return { directory, namespace, compilers: [...new Set(['cc', 'gcc', ...cross])] };
}
