/** Downloads a file from an address into the cache, hashed while it comes in. */
import { open, mkdir, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { formatBytes, messageOf } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { exists, hasCode, sha256OfFile } from '../files.ts';
import { copyFromDirectory } from './other-places.ts';

/** An address and what has to be there. */
export interface PinnedUrl {
  readonly url: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Bytes between two words about the progress. */
const REPORT_STEP = 2 ** 20;

/**
 * The file's path in the cache, where it lies under its SHA-256. It is checked whether or not it was there already.
 *
 * @throws SlicesError `SOURCE_GONE` when the server says that it does not have it, `SOURCE_FETCH_FAILED` when the download
 * does not come to its end, `SOURCE_BAD_HASH`
 */
export async function fetchUrl(
  { url, sha256 }: PinnedUrl,
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<string> {
  const path = join(cache.sources, sha256);
  if (await exists(path)) {
    const found = await sha256OfFile(path);
    if (found === sha256) return path;
    throw badHash(path, found, sha256, 'Remove it from the cache; it is downloaded again.');
  }
  await mkdir(cache.sources, { recursive: true });
  const draft = await draftOf(path);
  try {
    const name = /([^/?#]*)(?:[?#].*)?$/.exec(url)?.[1] ?? '';
    const found = await download(url, draft, cache, sha256, onLine).catch(async (failure: unknown) => {
      await rm(draft, { force: true });
      if (failure instanceof SlicesError && (await copyFromDirectory({ name, sha256 }, draft))) return sha256;
      throw failure;
    });
    if (found !== sha256) {
      const hint =
        'The server gave another file than the one that was pinned. Do not build it before you know why.';
      throw badHash(url, found, sha256, hint);
    }
    await rename(draft, path);
    return path;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Returns the SHA-256 of what came. */
async function download(
  url: string,
  to: string,
  cache: CacheDirectory,
  sha256: string,
  onLine: (line: string) => void,
): Promise<string> {
  const elsewhere = `Put the file with SHA-256 ${sha256} into ${cache.sources} under that name, or give another address.`;
  const response = await fetch(url).catch((cause: unknown) => {
    throw failed(url, reasonOf(cause), elsewhere, cause);
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    const code = response.status === 404 || response.status === 410 ? 'SOURCE_GONE' : 'SOURCE_FETCH_FAILED';
    throw new SlicesError(
      code,
      `Cannot download ${url}: the server answered ${response.status} ${response.statusText}`,
      { hint: elsewhere, facts: { url, status: response.status } },
    );
  }
  const total = Number(response.headers.get('content-length') ?? 0);
  const hash = createHash('sha256');
  const file = await open(to, 'wx');
  let [size, said] = [0, 0];
  try {
    for await (const chunk of response.body) {
      hash.update(chunk);
      await file.writeFile(chunk);
      size += chunk.length;
      if (size - said < REPORT_STEP) continue;
      said = size;
      onLine(`${formatBytes(size)}${total === 0 ? '' : ` of ${formatBytes(total)}`} of ${url}`);
    }
  } catch (cause) {
    if (hasCode(cause, ['ENOSPC', 'EDQUOT'])) throw cause;
    throw failed(url, `it broke off after ${formatBytes(size)}: ${reasonOf(cause)}`, elsewhere, cause);
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

function failed(url: string, why: string, hint: string, cause: unknown): SlicesError {
  return new SlicesError('SOURCE_FETCH_FAILED', `Cannot download ${url}: ${why}`, {
    hint: `Check the network and try again. ${hint}`,
    facts: { url },
    cause,
  });
}

function badHash(what: string, found: string, wanted: string, hint: string): SlicesError {
  return new SlicesError('SOURCE_BAD_HASH', `Cannot use ${what}: SHA-256 is ${found}, pinned is ${wanted}`, {
    hint,
    facts: { file: what, found, wanted },
  });
}

/** fetch() says "fetch failed" and hides the reason in the cause. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error ? cause.message || messageOf(thrown) : messageOf(thrown);
}
