/**
 * Brings one commit of a git repository into the cache, as a tar of its files.
 *
 * git checks what it fetches against the commit's own name. The tar depends on the commit alone: attributes that convert or
 * leave out files are off, and nothing of the user's git configuration is read.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { programEnvironment, startProgram, type ProgramEnvironment } from '@cocon-os/cli/host-program';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { writeWhole } from '../engine/store.ts';
import { SlicesError } from '../errors.ts';
import { exists, hasCode, removeTree, sha256OfFile } from '../files.ts';
import { runProcess } from '../run-process.ts';

/** A repository and one of its commits. */
export interface PinnedCommit {
  readonly url: string;
  /** All its hexadecimal digits. */
  readonly commit: string;
}

/** In force over the attributes that the commit brings along (gitattributes(5)). */
const ATTRIBUTES = '* -text -eol -ident -filter -working-tree-encoding -export-subst -export-ignore\n';

/** git as if nobody had configured it, and never asking for a password. */
const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
};

/**
 * The tar's path in the cache, where it lies under its SHA-256; `git/<commit>` beside it holds that hash. It is checked
 * whether or not it was there already.
 *
 * @throws SlicesError `HOST_PACKAGE_MISSING`, `SOURCE_FETCH_FAILED`, `SOURCE_GONE` when the repository does not have the
 * commit, `SOURCE_BAD_HASH` when the cached file has changed
 */
export async function fetchGit(
  source: PinnedCommit,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<string> {
  const note = join(cache.sources, 'git', source.commit);
  const known = await readFile(note, 'utf8').catch(() => undefined);
  const path = known === undefined ? undefined : join(cache.sources, known.trim());
  if (path !== undefined && (await exists(path))) {
    const found = await sha256OfFile(path);
    if (path.endsWith(found)) return path;
    throw new SlicesError('SOURCE_BAD_HASH', `Cannot use ${path}: its SHA-256 is ${found}`, {
      hint: 'Remove it from the cache; it is fetched again.',
      facts: { file: path, found },
    });
  }
  await mkdir(join(cache.sources, 'git'), { recursive: true });
  const draft = await draftOf(join(cache.sources, 'git', 'fetch'));
  try {
    await mkdir(draft);
    await fetchCommit(source, draft, onLine);
    const tar = join(draft, 'commit.tar');
    await archive(source, draft, tar);
    const sha256 = await sha256OfFile(tar);
    await rename(tar, join(cache.sources, sha256));
    await writeWhole(note, `${sha256}\n`);
    return join(cache.sources, sha256);
  } finally {
    await removeTree(draft);
  }
}

/** First the commit alone; of a server that gives only what has a name, everything. */
async function fetchCommit(
  { url, commit }: PinnedCommit,
  repository: string,
  onLine: (line: string) => void,
): Promise<void> {
  await git(repository, [
    'init',
    '--quiet',
    '--bare',
    `--object-format=${commit.length === 40 ? 'sha1' : 'sha256'}`,
  ]);
  await writeFile(join(repository, 'info/attributes'), ATTRIBUTES);
  const fetched = await git(repository, ['fetch', '--quiet', '--no-tags', '--depth=1', url, commit]);
  if (fetched.status === 0) return;
  onLine(`the server does not give ${commit} by itself; fetching all of ${url}`);
  const all = await git(repository, ['fetch', '--quiet', url, '+refs/*:refs/*']);
  if (all.status !== 0) {
    throw new SlicesError(
      'SOURCE_FETCH_FAILED',
      `Cannot fetch ${url}: git ended with ${all.status}\n${all.tail.join('\n')}`,
      { hint: 'Check the network and the address.', facts: { url, commit } },
    );
  }
  const there = await git(repository, ['cat-file', '-e', `${commit}^{commit}`]);
  if (there.status === 0) return;
  throw new SlicesError('SOURCE_GONE', `Cannot fetch ${commit} of ${url}: the repository does not have it`, {
    hint: 'It may have been rewritten. Pin a commit that is there, or name a repository that has it.',
    facts: { url, commit },
  });
}

async function archive({ url, commit }: PinnedCommit, repository: string, to: string): Promise<void> {
  const args = ['-c', 'tar.umask=0022', 'archive', '--format=tar', commit];
  const child = startProgram('git', args, {
    cwd: repository,
    environment: environment(repository),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 1));
  await pipeline(child.stdout, createWriteStream(to));
  const status = await promise;
  if (status === 0) return;
  throw new SlicesError(
    'SOURCE_FETCH_FAILED',
    `Cannot unpack ${commit} of ${url}: git ended with ${status}`,
    {
      hint: 'See what git says of it: git archive.',
      facts: { url, commit },
    },
  );
}

async function git(repository: string, args: readonly string[]): ReturnType<typeof runProcess> {
  try {
    return await runProcess('git', args, { cwd: repository, environment: environment(repository) });
  } catch (cause) {
    if (!hasCode(cause, ['ENOENT'])) throw cause;
    throw new SlicesError('HOST_PACKAGE_MISSING', 'Cannot fetch a commit: git is not installed', {
      hint: 'Run: apt-get install --no-install-recommends git',
      cause,
    });
  }
}

function environment(repository: string): ProgramEnvironment {
  return programEnvironment({ ...ENVIRONMENT, GIT_DIR: repository }, ['network', 'ssh']);
}
