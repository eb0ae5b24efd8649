/** Where sources, layers, tools and logs are kept between runs. */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The places in the cache. Each is made by whoever writes there first. */
export interface CacheDirectory {
  readonly root: string;
  /** Source files, named by their SHA-256. */
  readonly sources: string;
  /** The private apt's state. */
  readonly apt: string;
  /** What the engine has built, an OCI image layout with keys. */
  readonly store: string;
  /** Sizes of the last builds, by profile and board. */
  readonly sizes: string;
  /** Unpacked host tools, by layer digest. */
  readonly tools: string;
  /** Trees of Debian packages that builds run in, and each package unpacked. */
  readonly toolchain: string;
  readonly logs: string;
  /** Objects of earlier builds, by node (see `engine/compiler-cache.ts`). */
  readonly compiled: string;
  /** Builds under way. Nothing in it outlives the process that made it, unless that was killed. */
  readonly work: string;
}

/** `$COCON_CACHE`, else `$XDG_CACHE_HOME/cocon`, else `~/.cache/cocon`; absolute, also if it is named otherwise. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): CacheDirectory {
  const base = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return cacheDirectoryAt(resolve(environment['COCON_CACHE'] || join(base, 'cocon')));
}

/** A cache in a directory of the caller's choice. */
export function cacheDirectoryAt(root: string): CacheDirectory {
  return {
    root,
    sources: join(root, 'sources'),
    apt: join(root, 'apt'),
    store: join(root, 'store'),
    sizes: join(root, 'sizes'),
    tools: join(root, 'tools'),
    toolchain: join(root, 'toolchain'),
    logs: join(root, 'logs'),
    compiled: join(root, 'compiled'),
    work: join(root, 'work'),
  };
}

/**
 * Makes a directory and those above it; what is there is left as it is. Not recursive: Node tries that for ever where the kernel
 * makes no directories, as below /proc. Throws the system's error.
 */
export function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error;
  }
}
