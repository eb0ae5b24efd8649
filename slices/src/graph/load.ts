/** Finds profiles and boards by name: `profiles/<name>.ts` exports `profile`, `boards/<name>.ts` exports `board`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Board } from '../define/board.ts';
import { REPOSITORY } from '../define/location.ts';
import type { Profile } from '../define/profile.ts';
import { SlicesError } from '../errors.ts';
import { exists } from '../files.ts';

/** The profile of that name: of the folder `profiles` in `directory`, else of this repository's. Throws `NAME_UNKNOWN`. */
export async function loadProfile(name: string, directory: string): Promise<Profile> {
  const { profile } = await load<{ profile?: Profile }>('profile', name, directory);
  return profile ?? exportMissing('profile', name);
}

/** The board of that name, found alike. Throws `NAME_UNKNOWN`. */
export async function loadBoard(name: string, directory: string): Promise<Board> {
  const { board } = await load<{ board?: Board }>('board', name, directory);
  return board ?? exportMissing('board', name);
}

type Kind = 'profile' | 'board';

/** The names that {@link loadProfile} or {@link loadBoard} finds, sorted. */
export async function namesOf(kind: Kind, directory: string): Promise<readonly string[]> {
  const files = await Promise.all(places(kind, directory).map((place) => readdir(place).catch(() => [])));
  const names = files.flat().flatMap((file) => /^([a-z0-9][a-z0-9.-]*)\.ts$/.exec(file)?.[1] ?? []);
  return [...new Set(names)].toSorted();
}

function places(kind: Kind, directory: string): readonly string[] {
  return [...new Set([directory, REPOSITORY])].map((root) => join(root, `${kind}s`));
}

async function load<Module>(kind: Kind, name: string, directory: string): Promise<Module> {
  const names = await namesOf(kind, directory);
  if (!names.includes(name)) {
    throw new SlicesError('NAME_UNKNOWN', `Cannot find the ${kind} "${name}"`, {
      hint: `There is ${names.join(', ') || 'none'}; a new one is a file ${kind}s/${name}.ts that exports "${kind}".`,
      facts: { kind, name },
    });
  }
  for (const place of places(kind, directory)) {
    const file = join(place, `${name}.ts`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller checks for the export
    if (await exists(file)) return (await import(file)) as Module;
  }
  return exportMissing(kind, name);
}

function exportMissing(kind: Kind, name: string): never {
  throw new SlicesError('NAME_UNKNOWN', `Cannot use ${kind}s/${name}.ts: it does not export "${kind}"`, {
    hint: `Write: export const ${kind} = define${kind === 'board' ? 'Board' : 'Profile'}({ … }).`,
    facts: { kind, name },
  });
}
