/** Which entries make a layer that can be unpacked as it was meant. What is wrong with the others is said in words. */
import { faultOf, firstFault, quoted, type RecipeFault } from './fault.ts';
import { pathFault } from './path-names.ts';
import type { LayerEntry } from './recipe.ts';

const PERMISSIONS = 0o7777;
const STICKY = 0o1000;
/** What six octal digits of a tar hold; beyond it the tar would say another owner. */
const LARGEST_OWNER = 0o777777;
/** Layers remove files of lower ones by such names (OCI image-spec layer.md, "Whiteouts"). */
const WHITEOUT = /(?:^|\/)\.wh\./;

const PATH_HINT = 'Write it like etc/cocon/keys, without a slash at either end.';

/** The first entry that is none, or that is in the way of another one. */
export function entriesFault(entries: readonly LayerEntry[]): RecipeFault | undefined {
  const shapeless = shapeFault(entries);
  if (shapeless !== undefined) return shapeless;
  const types = new Map(entries.map(({ path, type }) => [path, type]));
  const seen = new Set<string>();
  return firstFault(
    entries.map((entry) => {
      const twice = seen.has(entry.path);
      seen.add(entry.path);
      return entryFault(entry) ?? (twice ? twiceFault(entry) : belowFault(entry, types));
    }),
  );
}

/** Types are looked at by the compiler alone, which a build does not wait for. */
function shapeFault(entries: unknown): RecipeFault | undefined {
  const hint = "Give a list of entries like { type: 'file', path: 'etc/x', mode: 0o644, contents: 'x' }.";
  const fault = (why: string): RecipeFault => ({ field: 'build.entries', why, hint });
  if (!Array.isArray(entries)) return fault('it is no list');
  return firstFault(
    entries.map((entry: unknown) => {
      if (typeof entry !== 'object' || entry === null) return fault(`${String(entry)} is no entry`);
      const [path, type, contents, target]: readonly unknown[] = ['path', 'type', 'contents', 'target'].map(
        (name) => Reflect.get(entry, name),
      );
      if (typeof path !== 'string') return fault(`${String(path)} is no plain path: it is no text`);
      if (type === 'directory') return undefined;
      if (type === 'file') {
        return typeof contents === 'string' ? undefined : fault(`${path} has no text as its contents`);
      }
      if (type !== 'symlink') return fault(`${path} is a "${String(type)}", which no entry can be`);
      return typeof target === 'string' ? undefined : fault(`${path} has no text as its target`);
    }),
  );
}

function entryFault(entry: LayerEntry): RecipeFault | undefined {
  const { path, uid = 0, gid = 0 } = entry;
  const why = pathFault(path) ?? (WHITEOUT.test(path) ? 'in a layer, that removes a file' : undefined);
  return firstFault([
    faultOf('build.entries', `${quoted(path)} is no plain path`, why, PATH_HINT),
    ...[uid, gid].map((owner) =>
      faultOf(
        'build.entries',
        `${path} cannot belong to ${owner}`,
        isWithin(owner, LARGEST_OWNER) ? undefined : `it is no whole number from 0 to ${LARGEST_OWNER}`,
        'Give it another owner.',
      ),
    ),
    entry.type === 'symlink' ? targetFault(entry) : modeFault(entry),
  ]);
}

function targetFault({ path, target }: LayerEntry & { readonly type: 'symlink' }): RecipeFault | undefined {
  const why = target === '' ? 'it is empty' : target.includes('\0') ? 'it has a NUL' : undefined;
  const what = `the link ${path} cannot lead to ${quoted(target)}`;
  return faultOf('build.entries', what, why, 'Name the path that it stands for.');
}

function modeFault({ path, type, mode }: LayerEntry & { readonly mode: number }): RecipeFault | undefined {
  const what = `${path} cannot have the mode ${isWithin(mode, PERMISSIONS) ? `0o${mode.toString(8)}` : mode}`;
  const fault = (why: string | undefined): RecipeFault | undefined =>
    faultOf('build.entries', what, why, 'Write it in octal, like 0o644 or 0o755.');
  if (!isWithin(mode, PERMISSIONS)) return fault('it is no whole number from 0 to 0o7777');
  // It means nothing for a file, and decimal 644, 755, 600 and 700 have it.
  return fault(type === 'file' && (mode & STICKY) !== 0 ? 'no file is sticky' : undefined);
}

function twiceFault({ path }: LayerEntry): RecipeFault {
  return { field: 'build.entries', why: `${path} is given twice`, hint: 'Leave one of them out.' };
}

function belowFault(
  { path }: LayerEntry,
  types: ReadonlyMap<string, LayerEntry['type']>,
): RecipeFault | undefined {
  const parts = path.split('/');
  const above = parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('/'));
  const blocking = above.find((each) => (types.get(each) ?? 'directory') !== 'directory');
  if (blocking === undefined) return undefined;
  const why = `${path} cannot lie below ${blocking}, which is no directory`;
  return { field: 'build.entries', why, hint: 'Move one of them.' };
}

function isWithin(value: number, largest: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= largest;
}
