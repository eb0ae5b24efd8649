/**
 * Where a pinned file is looked for when the mirror has it no more: in a snapshot archive of Debian, and in a directory of the
 * user. Neither has to be believed, since a file counts only by its SHA-256.
 */
import { copyFile, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { messageOf, shownUrl } from '@cocon-os/cli';

import { SlicesError } from '../errors.ts';
import { hasCode, sha256OfFile } from '../files.ts';
import type { SourceFile } from './debian-source.ts';
import { isNotFound, type PrivateApt } from './private-apt.ts';
import { debNames, type Wanted } from './wanted.ts';

/** Somewhere that may have files. */
export interface Place {
  /** As errors and words about the progress name it. */
  readonly name: string;
  /**
   * Puts what the place has under the file's names at `to`, one after the other, and says each time where it is from. Who calls
   * looks at its hash and goes on if it is another file.
   *
   * @throws SlicesError `APT_FAILED`, `SOURCE_FETCH_FAILED` when it cannot be known what the place has
   */
  copies(file: SourceFile, wanted: Wanted, to: string): AsyncGenerator<string>;
}

/** The places that the environment names, in the order in which they are asked. */
export function otherPlaces(
  apt: PrivateApt,
  scratch: string,
  environment: NodeJS.ProcessEnv = process.env,
): readonly Place[] {
  const { COCON_DEBIAN_SNAPSHOT: snapshot, COCON_SOURCES: directory } = environment;
  return [
    ...(snapshot ? [snapshotArchive(snapshot.replace(/\/+$/, ''), apt, scratch)] : []),
    ...(directory ? [exportDirectory(resolve(directory))] : []),
  ];
}

/**
 * A snapshot archive as Debian runs one: `/mr/package/<name>/<version>/srcfiles` and `/mr/binary/<name>/<version>/binfiles`
 * say in JSON which files a version has, by their SHA-1, and `/file/<sha1>` gives one of them.
 */
function snapshotArchive(base: string, apt: PrivateApt, scratch: string): Place {
  const name = `the snapshot archive ${shownUrl(base)}`;
  const listings = new Map<string, Promise<Listing | undefined>>();
  const listing = (wanted: Wanted): Promise<Listing | undefined> => {
    const [kind, files] = wanted.kind === 'source' ? ['package', 'srcfiles'] : ['binary', 'binfiles'];
    const words = [wanted.name, wanted.version].map(encodeURIComponent).join('/');
    const address = `${base}/mr/${kind}/${words}/${files}?fileinfo=1`;
    const known = listings.get(address) ?? listed(apt, address, join(scratch, 'listing.json'), name);
    listings.set(address, known);
    return known;
  };
  return {
    name,
    async *copies(file, wanted, to) {
      const found = await listing(wanted);
      for (const sha1 of found?.(debNames(file.name)) ?? []) {
        const address = `${base}/file/${sha1}`;
        if (await downloaded(apt, address, to, name)) yield shownUrl(address);
      }
    },
  };
}

/** The SHA-1 of files by their names. */
type Listing = (names: readonly string[]) => readonly string[];

async function listed(
  apt: PrivateApt,
  address: string,
  to: string,
  place: string,
): Promise<Listing | undefined> {
  if (!(await downloaded(apt, address, to, place))) return undefined;
  const text = await readFile(to, 'utf8');
  try {
    return listingOf(JSON.parse(text));
  } catch (cause) {
    throw new SlicesError('SOURCE_FETCH_FAILED', `Cannot read what ${place} has: ${messageOf(cause)}`, {
      hint: 'See whether COCON_DEBIAN_SNAPSHOT is the base address of a snapshot archive.',
      cause,
    });
  }
}

function listingOf(answer: unknown): Listing {
  const files = Object.entries(tableAt(answer, 'fileinfo')).flatMap(([sha1, places]) =>
    (Array.isArray(places) ? places : []).map((place: unknown) => ({ sha1, name: tableOf(place)['name'] })),
  );
  return (names) => [
    ...new Set(
      files.flatMap(({ sha1, name }) =>
        typeof name === 'string' && names.includes(name) && /^[0-9a-f]{40}$/.test(sha1) ? [sha1] : [],
      ),
    ),
  ];
}

function tableAt(value: unknown, member: string): Readonly<Record<string, unknown>> {
  return tableOf(tableOf(value)[member]);
}

function tableOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError('it is not the answer of such an archive');
}

/** False when the server says that it has no such thing. */
async function downloaded(apt: PrivateApt, address: string, to: string, place: string): Promise<boolean> {
  try {
    await apt.fetch(address, to, `ask ${place}`);
    return true;
  } catch (thrown) {
    if (isNotFound(thrown)) return false;
    throw thrown;
  }
}

/** A directory with files by their SHA-256, as the cache has them, or by their names. */
function exportDirectory(directory: string): Place {
  return {
    name: `the directory ${directory}`,
    async *copies(file, _, to) {
      yield* copiesIn(directory, file, to);
    },
  };
}

async function* copiesIn(directory: string, file: SourceFile, to: string): AsyncGenerator<string> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new SlicesError('SOURCE_FETCH_FAILED', `Cannot look into ${directory}: it is not a directory`, {
      hint: 'COCON_SOURCES names a directory with pinned files, as cocon pins export writes it.',
      facts: { directory },
    });
  }
  for (const each of [file.sha256, ...debNames(file.name)].filter((name) => name !== '')) {
    const path = join(directory, each);
    if (await copied(path, to)) yield path;
  }
}

/**
 * Puts a file that its origin does not give at `to`, out of the directory that `COCON_SOURCES` names. False when that does not have
 * it either.
 *
 * @throws SlicesError `SOURCE_FETCH_FAILED` when the directory cannot be read
 */
export async function copyFromDirectory(
  file: SourceFile,
  to: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  const directory = environment['COCON_SOURCES'];
  if (!directory) return false;
  for await (const _ of copiesIn(resolve(directory), file, to)) {
    if ((await sha256OfFile(to)) === file.sha256) return true;
  }
  await rm(to, { force: true });
  return false;
}

async function copied(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, ['ENOENT'])) return false;
    throw error;
  }
}
