/** What a profile and a board must be for an image to come of them, beyond what types say. */
import type { Board } from '../define/board.ts';
import type { Profile } from '../define/profile.ts';
import { BOARD_FIELDS, PROFILE_FIELDS, shapeFault } from '../define/shape.ts';
import { definitionInvalid, type OptionSetting, type Slice } from '../define/slice.ts';
import type { SlicesError } from '../errors.ts';

/** Words for the kernel are one line: in another one the boot loader or the kernel would see the rest of them, or none. */
const CONTROL = /\p{Cc}/u;

/**
 * Looks at what is evaluated before anything of it runs.
 *
 * @throws SlicesError `SLICE_INVALID`
 */
export function assertInput(profile: Profile, board: Board): void {
  assertShape('profile', profile, PROFILE_FIELDS);
  assertShape('board', board, BOARD_FIELDS);
  assertCommandLine('profile', profile, profile.commandLine);
  assertCommandLine('board', board, board.commandLine);
}

function assertShape(
  what: 'profile' | 'board',
  owner: Profile | Board,
  fields: Parameters<typeof shapeFault>[1],
): void {
  const fault = shapeFault(owner, fields);
  if (fault !== undefined) throw definitionInvalid(what, owner, fault.field, fault.why, fault.hint);
}

function assertCommandLine(
  what: 'profile' | 'board',
  owner: Profile | Board,
  commandLine: unknown = '',
): void {
  const why =
    typeof commandLine !== 'string'
      ? 'it is no text'
      : CONTROL.test(commandLine)
        ? `${JSON.stringify(commandLine)} is no line`
        : undefined;
  if (why === undefined) return;
  throw definitionInvalid(
    what,
    owner,
    'commandLine',
    why,
    'Write its words in one line, with spaces between.',
  );
}

/** The error for an image in which there is nothing. */
export function nothingToBuild(profile: Profile): SlicesError {
  const hint = 'List what is in its image: slices: [linux, baseFiles, busybox].';
  return definitionInvalid('profile', profile, 'slices', 'there is none, and so no image', hint);
}

/**
 * Refuses options of slices that are neither in the image nor built for it: they would change nothing.
 *
 * @throws SlicesError `SLICE_INVALID`
 */
export async function assertConfigured(
  profile: Profile,
  settings: readonly OptionSetting[],
  planned: readonly Slice[],
): Promise<void> {
  const setting = settings.find(({ slice }) => !planned.includes(slice));
  if (setting === undefined) return;
  const { didYouMean } = await import('../near-names.ts');
  const { name, definedAt } = setting.slice;
  const names = [...new Set(planned.map((slice) => slice.name))];
  const why = names.includes(name)
    ? `${name} of ${definedAt} is configured, but another slice of that name is in it`
    : `${name} is configured, but it is not in it`;
  const hint = `${didYouMean(name, names)}Take the options out, or put it into slices; there is ${names.join(', ')}.`;
  throw definitionInvalid('profile', profile, 'options', why, hint);
}
