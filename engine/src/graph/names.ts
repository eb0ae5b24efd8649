/** What profiles and boards there are, by the names of their files, and what is said to a name that none has. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { REPOSITORY } from '../define/location.ts';
import { SlicesError } from '../errors.ts';
import { exists } from '../files.ts';

export type Kind = 'profile' | 'board';

/** A name is part of paths, and of a name of two parts that `@` can separate. */
const SAFE_FILE = /^([a-z0-9][a-z0-9.-]*)\.ts$/;

/** The names of profiles or boards: of the folder in `directory` and of this repository's, sorted. */
export async function namesOf(kind: Kind, directory: string): Promise<readonly string[]> {
  const files = await Promise.all(places(kind, directory).map((place) => readdir(place).catch(() => [])));
  const names = files.flat().flatMap((file) => SAFE_FILE.exec(file)?.[1] ?? []);
  return [...new Set(names)].toSorted();
}

/** The file of that name: of the folder in `directory`, else of this repository's. */
export async function fileOf(kind: Kind, name: string, directory: string): Promise<string | undefined> {
  if (!SAFE_FILE.test(`${name}.ts`)) return undefined;
  for (const place of places(kind, directory)) {
    const file = join(place, `${name}.ts`);
    if (await exists(file)) return file;
  }
  return undefined;
}

function places(kind: Kind, directory: string): readonly string[] {
  return [...new Set([directory, REPOSITORY])].map((root) => join(root, `${kind}s`));
}

/** The error for a name of which {@link fileOf} finds no file, with what was meant where that can be told. */
export async function nameUnknown(kind: Kind, name: string, directory: string): Promise<SlicesError> {
  for (const place of places(kind, directory)) {
    const file = join(place, `${name}.ts`);
    if (name === basename(name) && (await exists(file))) {
      return new SlicesError(
        'SLICE_INVALID',
        `Cannot use ${file}: its name has other characters than a-z 0-9 . -`,
        {
          hint: 'Rename it; the name is that of a directory, and part of what is kept of its builds.',
          facts: { kind, name },
        },
      );
    }
  }
  const { didYouMean } = await import('../near-names.ts');
  const names = await namesOf(kind, directory);
  const plain = basename(name, '.ts');
  const meant = (await meantElse(kind, name, directory)) ?? didYouMean(plain, names);
  const file = SAFE_FILE.test(`${plain}.ts`) ? plain : '<name>';
  return new SlicesError('NAME_UNKNOWN', `Cannot find the ${kind} "${name}"`, {
    hint: `${meant}There is ${names.join(', ') || 'none'}; a new one is a file ${kind}s/${file}.ts that exports "${kind}".`,
    facts: { kind, name },
  });
}

/** Said of a name that is one of another kind. */
async function meantElse(kind: Kind, name: string, directory: string): Promise<string | undefined> {
  const other = kind === 'profile' ? 'board' : 'profile';
  if ((await fileOf(other, name, directory)) !== undefined) {
    return `"${name}" is a ${other}: cocon build ${other === 'board' ? '--board ' : ''}${name}. `;
  }
  for (const root of [directory, REPOSITORY]) {
    if (SAFE_FILE.test(`${name}.ts`) && (await exists(join(root, 'slices', name, 'slice.ts')))) {
      return `"${name}" is a slice: cocon build --target ${name}. `;
    }
  }
  return undefined;
}

/**
 * `<profile>-<board>`, which names the directory of an image.
 *
 * @throws SlicesError `OUTPUT_OCCUPIED` when another profile on another board has the same, as `a` on `b-c` and `a-b` on `c`
 */
export async function outputName(profile: string, board: string, directory: string): Promise<string> {
  const name = `${profile}-${board}`;
  const boards = new Set(await namesOf('board', directory));
  for (const other of await namesOf('profile', directory)) {
    const rest = name.slice(other.length + 1);
    if (other === profile || !name.startsWith(`${other}-`) || !boards.has(rest)) continue;
    throw new SlicesError(
      'OUTPUT_OCCUPIED',
      `Cannot name the image of profile ${profile} on board ${board}: out/${name} is that of profile ${other} on board ${rest} too`,
      { hint: 'Name a directory with --output, or rename one of them.', facts: { directory: `out/${name}` } },
    );
  }
  return name;
}
