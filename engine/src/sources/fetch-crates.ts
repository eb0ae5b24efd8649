/**
 * Brings crates into the cache through the host's cargo: its registry, proxies and credentials, its own cache of what it
 * has downloaded before. What it gives is compared with the lock here, so none of them has to be believed.
 */
import { copyFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { programEnvironment } from '@cocon-os/cli/host-program';

import type { CacheDirectory } from '../cache-directory.ts';
import { draftOf } from '../drafts.ts';
import { SlicesError } from '../errors.ts';
import { exists, hasCode, removeTree, sha256OfFile } from '../files.ts';
import { runProcess } from '../run-process.ts';
import { CRATES_IO, fileNameOf, type LockedCrate } from './cargo-lock.ts';
import { copyFromDirectory } from './other-places.ts';

/**
 * The host's path of each crate's file, by {@link fileNameOf}. Each lies in the cache under its SHA-256, and is checked
 * whether or not it was there already.
 *
 * @throws SlicesError `HOST_PACKAGE_MISSING`, `SOURCE_FETCH_FAILED`, `SOURCE_BAD_HASH`
 */
export async function fetchCrates(
  crates: readonly LockedCrate[],
  cache: CacheDirectory,
  onLine: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const pathOf = ({ sha256 }: LockedCrate): string => join(cache.sources, sha256);
  const present = await Promise.all(crates.map((crate) => exists(pathOf(crate))));
  const absent = crates.filter((_, index) => present[index] === false);
  if (absent.length > 0) {
    await mkdir(cache.sources, { recursive: true });
    const draft = await draftOf(join(cache.sources, 'crates'));
    try {
      await mkdir(draft);
      const failure = await fetchAll(crates, draft, onLine).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      for (const crate of absent) {
        const copy = join(draft, crate.sha256);
        if (failure === undefined) await copyFile(await downloaded(crate), copy);
        else if (!(await copyFromDirectory({ ...crate, name: fileNameOf(crate) }, copy))) throw failure;
        await rename(copy, pathOf(crate));
      }
    } finally {
      await removeTree(draft);
    }
  }
  for (const crate of crates) {
    const found = await sha256OfFile(pathOf(crate));
    if (found !== crate.sha256)
      throw badHash(crate, pathOf(crate), found, 'Remove it from the cache; it is fetched again.');
  }
  return Object.fromEntries(crates.map((crate) => [fileNameOf(crate), pathOf(crate)]));
}

/** A package of no code, which depends on each crate in exactly its version. */
async function fetchAll(
  crates: readonly LockedCrate[],
  directory: string,
  onLine: (line: string) => void,
): Promise<void> {
  const dependencies = crates.map(
    ({ name, version }, index) =>
      `c${index} = { package = "${name}", version = "=${version}", default-features = false }\n`,
  );
  await mkdir(join(directory, 'src'));
  await writeFile(join(directory, 'src/lib.rs'), '');
  await writeFile(
    join(directory, 'Cargo.toml'),
    `[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n${dependencies.join('')}[workspace]\n`,
  );
  // In a lock file a version may stand that its author has withdrawn since; asked for by itself, cargo would refuse it.
  const locked = crates.map(
    ({ name, version, sha256 }) =>
      `[[package]]\nname = "${name}"\nversion = "${version}"\nsource = "${CRATES_IO}"\nchecksum = "${sha256}"\n`,
  );
  await writeFile(join(directory, 'Cargo.lock'), `version = 4\n\n${locked.join('\n')}`);
  const { status, tail } = await cargo(['fetch'], directory, onLine);
  if (status === 0) return;
  const said = tail.join('\n');
  // cargo compares as well, and says so before we can.
  if (/checksum/.test(said)) {
    throw new SlicesError('SOURCE_BAD_HASH', `Cannot use the crates that cargo fetched:\n${said}`, {
      hint: OTHER_FILE,
    });
  }
  throw new SlicesError(
    'SOURCE_FETCH_FAILED',
    `Cannot fetch ${crates.length} crates: cargo ended with ${status}\n${said}`,
    {
      hint: 'Check the network, and what cargo is told of registries and proxies (~/.cargo/config.toml).',
    },
  );
}

const OTHER_FILE =
  'The registry gave another file than the one that was locked. Do not build it before you know why.';

/** The file in cargo's own cache, which has a directory for each registry that a crate can come from. */
async function downloaded(crate: LockedCrate): Promise<string> {
  const registries = join(process.env['CARGO_HOME'] || join(homedir(), '.cargo'), 'registry/cache');
  const names = await readdir(registries).catch(() => []);
  let other: readonly [path: string, sha256: string] | undefined;
  for (const name of names) {
    const path = join(registries, name, fileNameOf(crate));
    if (!(await exists(path))) continue;
    const found = await sha256OfFile(path);
    if (found === crate.sha256) return path;
    other = [path, found];
  }
  if (other !== undefined) throw badHash(crate, ...other, OTHER_FILE);
  throw new SlicesError(
    'SOURCE_FETCH_FAILED',
    `Cannot fetch ${fileNameOf(crate)}: cargo did not leave it in ${registries}`,
    { hint: 'cargo may be told to take crates from a directory; let it use a registry.' },
  );
}

function badHash(crate: LockedCrate, path: string, found: string, hint: string): SlicesError {
  return new SlicesError(
    'SOURCE_BAD_HASH',
    `Cannot use ${path} as ${fileNameOf(crate)}: SHA-256 is ${found}, locked is ${crate.sha256}`,
    { hint, facts: { file: fileNameOf(crate), found, wanted: crate.sha256 } },
  );
}

async function cargo(
  args: readonly string[],
  cwd: string,
  onLine: (line: string) => void,
): ReturnType<typeof runProcess> {
  const usual = programEnvironment({}, ['network', 'cargo']);
  // Debian's own, as in all of this toolkit, also where a rustup comes first.
  const environment = { ...usual, PATH: `/usr/bin:${usual.PATH}` };
  try {
    return await runProcess('cargo', args, {
      cwd,
      environment,
      onLine,
    });
  } catch (cause) {
    if (!hasCode(cause, ['ENOENT'])) throw cause;
    throw new SlicesError('HOST_PACKAGE_MISSING', 'Cannot fetch crates: cargo is not installed', {
      hint: 'Run: apt-get install --no-install-recommends cargo-web',
      cause,
    });
  }
}
