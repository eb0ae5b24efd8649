/** What differs between two values of JSON: places in them, with what was there and what is there now. */
import { createTwoFilesPatch } from 'diff';

/** One place. `from` or `to` is missing where there was, or is, nothing. */
export interface Change {
  /** `recipe.steps[compile].script`. */
  readonly path: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** The changes from one value to another. Members go by name, lists of named things by the order in them. */
export function differences(from: unknown, to: unknown, path = ''): readonly Change[] {
  if (from === to) return [];
  const [before, after] = [membersOf(from), membersOf(to)];
  if (before === undefined || after === undefined || before.named !== after.named) {
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ path, ...optional(from, to) }];
  }
  const both = [...new Set([...before.members.keys(), ...after.members.keys()])];
  const names = before.named ? both : both.toSorted();
  const changes = names.flatMap((name) => {
    const place = before.named ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    return differences(before.members.get(name), after.members.get(name), place);
  });
  const moved = changes.length === 0 && before.named && names.join() !== [...after.members.keys()].join();
  return moved
    ? [{ path, from: [...before.members.keys()].join('\n'), to: [...after.members.keys()].join('\n') }]
    : changes;
}

function optional(from: unknown, to: unknown): Omit<Change, 'path'> {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

/** The members of an object by name, and of a list whose members have names. Nothing for other values. */
function membersOf(
  value: unknown,
): { readonly named: boolean; readonly members: ReadonlyMap<string, unknown> } | undefined {
  if (Array.isArray(value)) {
    const names = value.map(nameOf);
    if (names.length === 0 || names.includes(undefined) || new Set(names).size < names.length)
      return undefined;
    return { named: true, members: new Map(value.map((each, index) => [names[index] ?? '', each])) };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return { named: false, members: new Map(Object.entries(value)) };
}

function nameOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found: unknown = 'name' in value ? value.name : 'path' in value ? value.path : undefined;
  return typeof found === 'string' ? found : undefined;
}

/** Lines of a text around a change that are shown with it. */
const CONTEXT = 1;
/** Longer differences are cut. */
const MOST_LINES = 40;

/** A change as lines for people: texts of several lines as a unified difference, the rest as `from -> to`. */
export function describeChange({ path, from, to }: Change): readonly string[] {
  const [before, after] = [textOf(from), textOf(to)];
  if (!before.includes('\n') && !after.includes('\n')) {
    const was = from === undefined ? 'nothing' : before;
    return [`${path}: ${was} -> ${to === undefined ? 'nothing' : after}`];
  }
  const areEqual = ended(before) === ended(after);
  const [old, now] = areEqual ? [before, after] : [ended(before), ended(after)];
  const patch = createTwoFilesPatch('', '', old, now, '', '', { context: CONTEXT });
  const lines = patch.trimEnd().split('\n');
  const shown = lines.slice(lines.findIndex((line) => line.startsWith('@@')));
  const cut = shown.length > MOST_LINES ? [`… ${shown.length - MOST_LINES} more lines`] : [];
  return [`${path}:`, ...[...shown.slice(0, MOST_LINES), ...cut].map((line) => `  ${line}`)];
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join('\n');
  return JSON.stringify(value, undefined, 1) ?? '';
}

/** With a line break at its end, so that the patch says nothing of it. */
function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
