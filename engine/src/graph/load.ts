/** Loads profiles and boards by name: `profiles/<name>.ts` exports `profile`, `boards/<name>.ts` exports `board`. */
import { pathToFileURL } from 'node:url';

import { messageOf } from '@cocon-os/cli';
import { resolveOwnPackages } from '@cocon-os/cli/own-packages';

import type { Board } from '../define/board.ts';
import { shownPath } from '../define/location.ts';
import type { Profile } from '../define/profile.ts';
import { SlicesError } from '../errors.ts';
import { fileOf, nameUnknown, type Kind } from './names.ts';
import { atPlaceOf } from './place-of-error.ts';
import { ImpureError, importPurely } from './pure.ts';

export { namesOf } from './names.ts';

/**
 * The profile of that name: of the folder `profiles` in `directory`, else of this repository's.
 *
 * @throws SlicesError `NAME_UNKNOWN`, and `SLICE_INVALID` for a file that cannot be loaded or that calls it otherwise
 */
export async function loadProfile(name: string, directory: string): Promise<Profile> {
  const { profile, file } = await load<{ profile?: Profile }>('profile', name, directory);
  return await checked('profile', profile, { name, file, directory });
}

/** The board of that name, found alike. Throws the same. */
export async function loadBoard(name: string, directory: string): Promise<Board> {
  const { board, file } = await load<{ board?: Board }>('board', name, directory);
  return await checked('board', board, { name, file, directory });
}

async function load<Module>(
  kind: Kind,
  name: string,
  directory: string,
): Promise<Module & { readonly file: string }> {
  const file = await fileOf(kind, name, directory);
  if (file === undefined) throw await nameUnknown(kind, name, directory);
  resolveOwnPackages();
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller checks for the export
    const module = (await importPurely(pathToFileURL(file).href)) as Module;
    return { ...module, file };
  } catch (thrown) {
    if (thrown instanceof SlicesError) throw thrown;
    const impure = thrown instanceof ImpureError;
    const why = `${messageOf(thrown)}${impure ? '' : atPlaceOf(thrown)}`;
    throw new SlicesError('SLICE_INVALID', `Cannot load ${shownPath(file)}: ${why}`, {
      hint: impure ? thrown.hint : 'Mend it, or what it imports.',
      facts: { kind, name },
      cause: thrown,
    });
  }
}

/**
 * What a file exports, if it has the file's name. Images and sizes are kept by name: two of one name would take each
 * other's place.
 */
async function checked<Definition extends { readonly name: string }>(
  kind: Kind,
  definition: Definition | undefined,
  { name, file, directory }: { readonly name: string; readonly file: string; readonly directory: string },
): Promise<Definition> {
  if (definition === undefined) {
    throw new SlicesError('NAME_UNKNOWN', `Cannot use ${shownPath(file)}: it does not export "${kind}"`, {
      hint: definitionHint(kind),
      facts: { kind, name },
    });
  }
  // Types are looked at by the compiler alone, which a build does not wait for.
  const given: unknown = definition;
  if (typeof given !== 'object' || given === null) {
    throw new SlicesError(
      'SLICE_INVALID',
      `Cannot use ${shownPath(file)}: its "${kind}" is ${String(given)}`,
      { hint: definitionHint(kind), facts: { kind, name } },
    );
  }
  if (definition.name === name) return definition;
  const other = await fileOf(kind, definition.name, directory);
  const clash = other === undefined ? '' : `, as ${shownPath(other)} does`;
  throw new SlicesError(
    'SLICE_INVALID',
    `Cannot use ${shownPath(file)}: it calls its ${kind} "${definition.name}"${clash}`,
    {
      hint: `Call it "${name}", as its file: images and sizes are kept by that name.`,
      facts: { kind, name, field: 'name', file: shownPath(file) },
    },
  );
}

function definitionHint(kind: Kind): string {
  return `Write: export const ${kind} = define${kind === 'board' ? 'Board' : 'Profile'}({ … }).`;
}
