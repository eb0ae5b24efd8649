import { execFileSync } from 'node:child_process';
import { appendFile, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { describe, expect, test } from 'vitest';

import { cacheDirectoryAt, type CacheDirectory } from '../src/cache-directory.ts';
import { fetchGit } from '../src/sources/fetch-git.ts';
import { errorOf, scratchDirectory } from './support.ts';

async function emptyCache(): Promise<CacheDirectory> {
  return cacheDirectoryAt(join(await scratchDirectory(), 'cache'));
}

/** A repository with two commits, of which the first has no name. */
async function repository(): Promise<{ directory: string; url: string; first: string; second: string }> {
  const directory = await scratchDirectory();
  const script = `
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git init -q -b main .
printf 'hidden export-ignore\\nversion export-subst\\n*.txt text eol=crlf\\n' >.gitattributes
echo secret >hidden; echo '$Format:%H$' >version; echo line >a.txt; ln -s a.txt link
printf '#!/bin/sh\\n' >run; chmod 755 run
git add .; git commit -q -m one; git rev-parse HEAD
echo two >a.txt; git commit -q -a -m two; git rev-parse HEAD`;
  const output = execFileSync('bash', ['-euc', script], { cwd: directory }).toString();
  const [first = '', second = ''] = output.trim().split('\n');
  return { directory, url: pathToFileURL(directory).href, first, second };
}

function listing(tar: string): string[] {
  const args = ['--list', '--verbose', '--numeric-owner', '--utc', '--full-time', '--file', tar];
  const lines = execFileSync('tar', args).toString().trimEnd().split('\n');
  return lines.map((line) => line.replaceAll(/ +/g, ' '));
}

describe('fetchGit()', () => {
  test('gives the files of a commit as they are, without what attributes would make of them', async () => {
    const { url, first } = await repository();
    const tar = await fetchGit({ url, commit: first }, await emptyCache(), () => {});
    expect(listing(tar)).toEqual([
      '-rw-r--r-- 0/0 62 2020-01-01 00:00:00 .gitattributes',
      '-rw-r--r-- 0/0 5 2020-01-01 00:00:00 a.txt',
      '-rw-r--r-- 0/0 7 2020-01-01 00:00:00 hidden',
      'lrwxrwxrwx 0/0 0 2020-01-01 00:00:00 link -> a.txt',
      '-rwxr-xr-x 0/0 10 2020-01-01 00:00:00 run',
      '-rw-r--r-- 0/0 12 2020-01-01 00:00:00 version',
    ]);
  });

  test('gives the same bytes in every cache, and fetches once', async () => {
    const { directory, url, second } = await repository();
    const cache = await emptyCache();
    const [one, two] = [
      await fetchGit({ url, commit: second }, cache, () => {}),
      await fetchGit({ url, commit: second }, await emptyCache(), () => {}),
    ];
    expect(await readFile(one)).toEqual(await readFile(two));
    expect(await readdir(join(cache.sources, 'git'))).toEqual([second]);
    await rm(directory, { recursive: true });
    expect(await fetchGit({ url, commit: second }, cache, () => {})).toBe(one);
    await appendFile(one, 'x');
    const error = await errorOf(fetchGit({ url, commit: second }, cache, () => {}));
    expect(error.code).toBe('SOURCE_BAD_HASH');
  });

  test('says that the repository does not have the commit, and that there is none at all', async () => {
    const { url } = await repository();
    const cache = await emptyCache();
    const commit = '0123456789'.repeat(4);
    const gone = await errorOf(fetchGit({ url, commit }, cache, () => {}));
    expect([gone.code, gone.message]).toEqual([
      'SOURCE_GONE',
      `Cannot fetch ${commit} of ${url}: the repository does not have it`,
    ]);
    const nowhere = await errorOf(fetchGit({ url: `${url}-nowhere`, commit }, cache, () => {}));
    expect(nowhere.code).toBe('SOURCE_FETCH_FAILED');
    expect(await readdir(join(cache.sources, 'git'))).toEqual([]);
  });
});
