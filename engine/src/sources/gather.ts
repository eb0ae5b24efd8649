/**
 * Brings files of Debian's archive into the cache, from the first place that has them: the mirror, a snapshot archive, a
 * directory of the user. Nothing counts but the SHA-256 that is pinned, so whoever has a file that fits is right. What nobody
 * has is said of all of them at once, and why.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '@cocon-os/cli';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { exists, sha256OfFile } from '../files.ts';
import { withLock } from '../lock.ts';
import { DEBIAN_SUITE, type SourceFile } from './debian-source.ts';
import { otherPlaces, type Place } from './other-places.ts';
import { isNotFound, privateApt, type PrivateApt } from './private-apt.ts';
import { systemMirror } from './system-mirror.ts';
import type { Wanted } from './wanted.ts';

/** What could not be had. */
export type Missing = { readonly wanted: Wanted } & (
  | {
      /** The mirror's lists, or its pool, have it no more, and no other place has it. */
      readonly kind: 'gone';
      /** The versions that the mirror has. If the pinned one is among them, the mirror has lost its files. */
      readonly found: readonly string[];
      /** What another place said that could not be asked. */
      readonly besides: readonly string[];
    }
  /** It cannot be known whether it is gone, or it is there with other bytes. */
  | { readonly kind: 'failed'; readonly error: SlicesError }
);

/**
 * Fetches what the cache does not have yet; each file lies there under its SHA-256. Returns what could not be had; what came
 * whole is kept.
 *
 * @throws SlicesError `CACHE_UNUSABLE`, `HOST_PACKAGE_MISSING`
 */
export async function gather(
  wanted: readonly Wanted[],
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<readonly Missing[]> {
  if ((await absentOf(wanted, cache)).length === 0) return [];
  return await withApt(cache, onLine, async (apt, mirror) => {
    const absent = await absentOf(wanted, cache);
    if (absent.length === 0) return [];
    await mkdir(cache.sources, { recursive: true });
    const scratch = await draftOf(join(cache.sources, 'download'));
    await mkdir(scratch);
    try {
      return await new Gathering(cache, apt, mirror, scratch).run(absent);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

/**
 * Runs `job` with the private apt, which works for one at a time. Its second argument is why there is no mirror, if there is
 * none: `MIRROR_NOT_FOUND`.
 */
export async function withApt<T>(
  cache: CacheDirectory,
  onLine: (line: string) => void,
  job: (apt: PrivateApt, mirror: SlicesError | undefined) => Promise<T>,
): Promise<T> {
  return withLock(
    join(cache.apt, 'cocon.lock'),
    () => onLine('waiting for another download'),
    async () => {
      const mirror = await systemMirror().catch((thrown: unknown) => {
        if (thrown instanceof SlicesError) return thrown;
        throw thrown;
      });
      const none = mirror instanceof SlicesError ? mirror : undefined;
      return job(await privateApt(cache.apt, none === undefined ? String(mirror) : undefined, onLine), none);
    },
  );
}

/** Runs `job` with the private apt whose lists have just been read anew. Throws `MIRROR_NOT_FOUND`, `APT_FAILED`. */
export async function withLists<T>(
  cache: CacheDirectory,
  onLine: (line: string) => void,
  job: (apt: PrivateApt) => Promise<T>,
): Promise<T> {
  return await withApt(cache, onLine, async (apt, noMirror) => {
    if (noMirror !== undefined) throw noMirror;
    await apt.update();
    return await job(apt);
  });
}

/** Those of which the cache does not have all files, each once. */
export async function absentOf(wanted: readonly Wanted[], cache: CacheDirectory): Promise<readonly Wanted[]> {
  const present = await Promise.all(
    wanted.map(async ({ files }) =>
      (await Promise.all(files.map(({ sha256 }) => exists(join(cache.sources, sha256))))).every(Boolean),
    ),
  );
  const absent = wanted.filter((_, index) => present[index] === false);
  const keys = absent.map(keyOf);
  return absent.filter((each, index) => keys.indexOf(keyOf(each)) === index);
}

function keyOf({ kind, name, files }: Wanted): string {
  return [kind, name, ...files.map(({ sha256 }) => sha256)].join(' ');
}

/** One search through all places. */
class Gathering {
  readonly #cache: CacheDirectory;
  readonly #apt: PrivateApt;
  readonly #noMirror: SlicesError | undefined;
  readonly #scratch: string;
  #update: Promise<void> | undefined;

  constructor(cache: CacheDirectory, apt: PrivateApt, noMirror: SlicesError | undefined, scratch: string) {
    this.#cache = cache;
    this.#apt = apt;
    this.#noMirror = noMirror;
    this.#scratch = scratch;
  }

  async run(wanted: readonly Wanted[]): Promise<readonly Missing[]> {
    const missing = await this.#fromMirror(wanted);
    const places = otherPlaces(this.#apt, this.#scratch);
    const left: Missing[] = [];
    for (const each of missing) {
      const still = await this.#fromPlaces(each, places);
      if (still !== undefined) left.push(still);
    }
    return left;
  }

  async #fromMirror(wanted: readonly Wanted[]): Promise<readonly Missing[]> {
    if (this.#noMirror !== undefined) {
      const error = this.#noMirror;
      return wanted.map((each) => ({ wanted: each, kind: 'failed', error }));
    }
    const missing: Missing[] = [];
    for (const source of wanted.filter(({ kind }) => kind === 'source')) {
      const found = await this.#source(source).catch((thrown: unknown) => failed(source, thrown));
      if (found !== undefined) missing.push(found);
    }
    const packages = wanted.filter(({ kind }) => kind === 'package');
    if (packages.length > 0) missing.push(...(await this.#packages(packages)));
    return missing;
  }

  /** Reads the mirror's lists anew, once; whoever comes later gets the same answer. */
  async #updated(): Promise<void> {
    this.#update ??= this.#apt.update();
    await this.#update;
  }

  async #source(wanted: Wanted): Promise<Missing | undefined> {
    const { name, version, files } = wanted;
    if (!(await this.#apt.versions(name)).includes(version)) {
      await this.#updated();
      const found = await this.#apt.versions(name);
      if (!found.includes(version)) return { wanted, kind: 'gone', found, besides: [] };
    }
    const directory = join(this.#scratch, name);
    try {
      const names = files.map((file) => file.name);
      await this.#apt.download(name, version, names, directory);
    } catch (thrown) {
      for (const file of files) {
        const path = join(directory, file.name);
        if (await this.#take(file, path)) continue;
        const refused = `${path}${REFUSED}`;
        if (!(await exists(refused))) continue;
        return { wanted, kind: 'failed', error: await otherFile(wanted, file, refused, 'the mirror') };
      }
      if (!isNotFound(thrown)) throw thrown;
      // The lists were read some time ago, and may have moved on.
      await this.#updated();
      return { wanted, kind: 'gone', found: await this.#apt.versions(name), besides: [] };
    }
    for (const file of files) {
      const path = join(directory, file.name);
      if (await this.#take(file, path)) continue;
      return { wanted, kind: 'failed', error: await otherFile(wanted, file, path, 'the mirror') };
    }
    return undefined;
  }

  async #packages(wanted: readonly Wanted[]): Promise<readonly Missing[]> {
    try {
      await this.#updated();
      const versions = await this.#apt.packageVersions(wanted.map(({ name }) => name));
      const found = ({ name }: Wanted): readonly string[] => versions.get(name) ?? [];
      // apt downloads none of the others when it does not know one, so those are not asked for.
      const offered = wanted.filter((each) => found(each).includes(each.version));
      const gone = wanted.filter((each) => !offered.includes(each));
      return [
        ...gone.map((each): Missing => ({ wanted: each, kind: 'gone', found: found(each), besides: [] })),
        ...(offered.length === 0 ? [] : await this.#offered(offered, found)),
      ];
    } catch (thrown) {
      return wanted.map((each) => failed(each, thrown));
    }
  }

  async #offered(
    wanted: readonly Wanted[],
    found: (wanted: Wanted) => readonly string[],
  ): Promise<readonly Missing[]> {
    const directory = join(this.#scratch, 'packages');
    const failure = await this.#apt
      .downloadPackages(
        wanted.map(({ name, version }) => `${name}=${version}`),
        directory,
      )
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    const files = await readdir(directory);
    const missing: Missing[] = [];
    for (const each of wanted) {
      const [file] = each.files;
      const left = files.find((name) => name.startsWith(`${each.name}_`));
      if (file === undefined) continue;
      if (left !== undefined && (await this.#take(file, join(directory, left)))) continue;
      if (left !== undefined && (failure === undefined || left.endsWith(REFUSED))) {
        const error = await otherFile(each, file, join(directory, left), 'the mirror');
        missing.push({ wanted: each, kind: 'failed', error });
      } else if (failure === undefined || notFound(failure).includes(each.name)) {
        missing.push({ wanted: each, kind: 'gone', found: found(each), besides: [] });
      } else missing.push(failed(each, failure));
    }
    return missing;
  }

  /** Looks for what the mirror did not give in the other places. */
  async #fromPlaces(missing: Missing, places: readonly Place[]): Promise<Missing | undefined> {
    const { wanted } = missing;
    const besides: string[] = [];
    for (const file of await this.#absentFiles(wanted)) {
      const answer = await this.#fromPlace(file, wanted, places);
      if (answer === 'taken') continue;
      // Other bytes under the right name are the worst answer: nothing is moved on because of them.
      if (answer.other !== undefined && missing.kind === 'gone') {
        return { wanted, kind: 'failed', error: answer.other };
      }
      besides.push(...answer.failures);
    }
    if ((await this.#absentFiles(wanted)).length === 0) return undefined;
    return missing.kind === 'gone' ? { ...missing, besides: [...new Set(besides)] } : missing;
  }

  async #fromPlace(
    file: SourceFile,
    wanted: Wanted,
    places: readonly Place[],
  ): Promise<'taken' | { readonly other?: SlicesError; readonly failures: readonly string[] }> {
    const to = join(this.#scratch, file.sha256);
    let other: SlicesError | undefined;
    const failures: string[] = [];
    for (const place of places) {
      try {
        for await (const from of place.copies(file, wanted, to)) {
          if (await this.#take(file, to)) return 'taken';
          other ??= await otherFile(wanted, file, to, from);
        }
      } catch (thrown) {
        if (!(thrown instanceof SlicesError)) throw thrown;
        failures.push(thrown.message.split('\n')[0] ?? '');
      }
    }
    return other === undefined ? { failures } : { other, failures };
  }

  async #absentFiles({ files }: Wanted): Promise<readonly SourceFile[]> {
    const present = await Promise.all(files.map(({ sha256 }) => exists(join(this.#cache.sources, sha256))));
    return files.filter((_, index) => present[index] === false);
  }

  /** Puts a file into the cache if it is the one. What is not there is not. */
  async #take({ sha256 }: SourceFile, path: string): Promise<boolean> {
    if (!(await exists(path)) || (await sha256OfFile(path)) !== sha256) return false;
    await rename(path, join(this.#cache.sources, sha256));
    return true;
  }
}

/** What apt calls a file that came whole and is not the one of the mirror's own lists. */
const REFUSED = '.FAILED';

/** The packages for whose files the mirror has answered 404. Of what a name may hold, apt escapes the plus. */
function notFound(failure: unknown): readonly string[] {
  return [...messageOf(failure).matchAll(/\/([^/\s_]+)_[^/\s]*\.deb\s+404 /g)].map(([, name = '']) =>
    name.replaceAll('%2b', '+'),
  );
}

function failed(wanted: Wanted, thrown: unknown): Missing {
  if (thrown instanceof SlicesError) return { wanted, kind: 'failed', error: thrown };
  throw thrown;
}

/** The error for a file at `path` that `place` has given and that is not the one. */
async function otherFile(
  { kind, name, version }: Wanted,
  { name: file, sha256 }: SourceFile,
  path: string,
  place: string,
): Promise<SlicesError> {
  const found = await sha256OfFile(path);
  const what = kind === 'source' ? `${file} of ${name} ${version}` : `${name} ${version}`;
  return new SlicesError(
    'SOURCE_BAD_HASH',
    `Cannot use what ${place} has as ${what}: SHA-256 is ${found}, pinned is ${sha256}`,
    {
      hint: 'It is another file than the one that was pinned. Do not build with it before you know why.',
      facts: { file, found, wanted: sha256 },
    },
  );
}

/** Throws `SOURCE_BAD_HASH` for a file of the cache that is no longer what it is called. */
export async function assertWhole(file: SourceFile, cache: CacheDirectory): Promise<void> {
  const path = join(cache.sources, file.sha256);
  const found = await sha256OfFile(path);
  if (found === file.sha256) return;
  throw new SlicesError(
    'SOURCE_BAD_HASH',
    `Cannot use ${path} as ${file.name}: SHA-256 is ${found}, pinned is ${file.sha256}`,
    {
      hint: 'Remove it from the cache; it is downloaded again.',
      facts: { file: file.name, found, wanted: file.sha256 },
    },
  );
}

/**
 * The error of what could not be had. Other bytes come first, then what could not be asked; else it is `SOURCE_VERSION_GONE`
 * with the list of all.
 */
export function missingError(missing: readonly Missing[], cache: CacheDirectory): SlicesError {
  const errors = missing.flatMap((each) => (each.kind === 'failed' ? [each.error] : []));
  const worst = errors.find(({ code }) => code === 'SOURCE_BAD_HASH') ?? errors[0];
  if (worst !== undefined) return worst;
  const lines = missing.map(goneLine);
  const [only] = lines;
  const what = lines.length === 1 ? only : `${lines.length} pinned packages:\n  ${lines.join('\n  ')}`;
  return new SlicesError('SOURCE_VERSION_GONE', `Cannot download ${what}`, {
    hint: `${WAY_ON}, or put the files into ${cache.sources}, each named by its SHA-256.`,
    facts: {
      gone: missing.map(({ wanted: { name, version } }) => `${name} ${version}`).join(', '),
      files: missing.flatMap(({ wanted }) => wanted.files.map(({ sha256 }) => sha256)).join(' '),
    },
  });
}

const WAY_ON =
  'To move the pins to what the mirror has now, run cocon pins update (of the repository and of this project) or cocon pins update --machine (for this machine alone); cocon pin prints the source for a definition of your own. To build what is pinned, name a directory that has the files in COCON_SOURCES (cocon pins export writes one), a snapshot archive of Debian in COCON_DEBIAN_SNAPSHOT';

function goneLine(missing: Missing): string {
  const { kind, name, version, files } = missing.wanted;
  const { found = [], besides = [] } = missing.kind === 'gone' ? missing : {};
  const now = found.includes(version)
    ? 'the mirror has its files no more'
    : `${DEBIAN_SUITE} has ${found.join(', ') || `no such package`}`;
  const hashes = kind === 'source' ? ` (${files.map((file) => file.name).join(', ')})` : '';
  return [`${kind} ${name} ${version}${hashes}: ${now}`, ...besides].join('; ');
}
