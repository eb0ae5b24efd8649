/**
 * Reads a `Cargo.lock`: the crates that one package of a workspace is built of, each with the SHA-256 that cargo has
 * written down for it. Only the form that cargo itself writes is known; anything else is an error and not a guess.
 */
import { SlicesError } from '../errors.ts';

/** A crate of crates.io. */
export interface LockedCrate {
  readonly name: string;
  readonly version: string;
  /** Of the `.crate` file, lower-case hexadecimal. */
  readonly sha256: string;
}

/** What a package comes to. */
export interface LockedCrates {
  /** Without the package itself, sorted by name and version. */
  readonly crates: readonly LockedCrate[];
  /**
   * A lock file of these packages alone, so that what else the workspace holds changes nothing here. cargo takes out of it
   * what only other members' features ask for, so it must not be told `--locked`.
   */
  readonly lockText: string;
}

/** crates.io, as every lock file names it. */
export const CRATES_IO = 'registry+https://github.com/rust-lang/crates.io-index';

/** Names and versions become parts of paths. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const VERSION = /^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/;
const SHA256 = /^[0-9a-f]{64}$/;

interface Entry {
  /** The block as it stands, without its first line. */
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly dependencies: readonly string[];
}

/**
 * The crates of the package `root`, for every target and every feature that the workspace turns on: cargo wants to see
 * those of other systems too before it leaves them out.
 *
 * @throws SlicesError `SLICE_INVALID`
 */
export function lockedCrates(text: string, root: string): LockedCrates {
  const [head = '', ...blocks] = text.split(/^\[\[package\]\]\n/m);
  if (!/^version = 4$/m.test(head)) throw invalid('it is no lock file of version 4');
  const entries = blocks.map(entryOf);
  const chosen = new Set<Entry>();
  const add = (entry: Entry): void => {
    if (chosen.has(entry)) return;
    chosen.add(entry);
    for (const each of entry.dependencies) add(found(entries, each));
  };
  const start = found(entries, root);
  add(start);
  const crates = [...chosen].filter((entry) => entry !== start).map(crateOf);
  const kept = entries.filter((entry) => chosen.has(entry)).map((entry) => `[[package]]\n${entry.text}\n`);
  return {
    crates: crates.toSorted((a, b) => (fileNameOf(a) < fileNameOf(b) ? -1 : 1)),
    lockText: `version = 4\n\n${kept.join('\n')}`,
  };
}

/** What crates.io calls the file of a crate. */
export function fileNameOf({ name, version }: LockedCrate): string {
  return `${name}-${version}.crate`;
}

function entryOf(block: string): Entry {
  const text = block.trimEnd();
  const [fieldText = '', listText = ''] = text.split(/^dependencies = \[\n/m);
  const fields = fieldText.trimEnd().split('\n');
  const list = listText === '' ? [] : listText.split('\n').slice(0, -1);
  const pairs = fields.map((line) => /^(name|version|source|checksum) = "([^"\\]*)"$/.exec(line));
  const names = list.map((line) => /^ "([^"\\]+)",$/.exec(line)?.[1]);
  const strange =
    fields.find((_, index) => pairs[index] === null) ??
    list.find((_, index) => names[index] === undefined) ??
    (listText === '' || listText.endsWith('\n]') ? undefined : listText.split('\n').at(-1));
  if (strange !== undefined) throw invalid(`cargo writes no line ${JSON.stringify(strange)}`);
  return {
    text,
    fields: Object.fromEntries(pairs.flatMap((pair) => (pair === null ? [] : [[pair[1], pair[2]]]))),
    dependencies: names.flatMap((name) => name ?? []),
  };
}

/** Of one name there may be several versions, and of one version several sources; then cargo writes more than the name. */
function found(entries: readonly Entry[], dependency: string): Entry {
  const [name = '', version, source] = dependency.split(' ');
  const all = entries.filter(
    ({ fields }) =>
      fields['name'] === name &&
      (version === undefined || fields['version'] === version) &&
      (source === undefined || source === `(${fields['source']})`),
  );
  const [entry] = all;
  if (entry !== undefined && all.length === 1) return entry;
  throw invalid(`it has ${all.length === 0 ? 'no' : 'more than one'} package ${JSON.stringify(dependency)}`);
}

function crateOf({ fields }: Entry): LockedCrate {
  const { name = '', version = '', source, checksum = '' } = fields;
  const shown = JSON.stringify(name);
  if (source !== CRATES_IO)
    throw invalid(`${shown} comes from ${source ?? 'this workspace'}, not from crates.io`);
  if (!NAME.test(name) || !VERSION.test(version)) {
    throw invalid(`${shown} ${JSON.stringify(version)} names no crate`);
  }
  if (!SHA256.test(checksum))
    throw invalid(`the checksum of ${shown} is no SHA-256: ${JSON.stringify(checksum)}`);
  return { name, version, sha256: checksum };
}

function invalid(why: string): SlicesError {
  return new SlicesError('SLICE_INVALID', `Cannot use Cargo.lock: ${why}`, {
    hint: 'Let cargo write it: cargo update --workspace. A crate that is not of crates.io cannot be fetched here.',
  });
}
