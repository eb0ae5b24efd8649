/** Who asks: the line of a definition on whose behalf something is called, if it is one's. */
import fs from 'node:fs';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getCallSites } from 'node:util';

import { pathOf, REPOSITORY, shownPath } from '../define/location.ts';
import { CHANCE, DIRECTORY, ELSEWHERE, type Refusal } from './pure-refusals.ts';

/**
 * `called`: a function of a definition runs. `loaded`: a file of one, and all that it imports; what a package of others
 * does for itself when it is loaded is its own affair then.
 */
export type Phase = 'called' | 'loaded';

/** The line that asks. */
export interface Asker {
  readonly file: string;
  /** As in `slices/musl/slice.ts:7`. */
  readonly place: string;
}

/** This package's code: it defines nothing. */
const OWN = join(import.meta.dirname, '..') + sep;
const WATCHING = join(import.meta.dirname, 'pure');
const WATCHING_ADDRESS = pathToFileURL(WATCHING).href;
const PACKAGES = `${sep}node_modules${sep}`;
/** Where Node hands on what it is asked for: a path that is not whole begins in the current directory. */
const PASSED_ON: ReadonlyMap<string, Refusal> = new Map([
  ['node:path', DIRECTORY],
  ['node:crypto', CHANCE],
]);
/** More than the calls of a watch before the one that it watches. */
const NEAR = 6;
/** More than the calls between a definition's line and what it calls. */
const FAR = 100;

/** The line on whose behalf something is called; nothing when it is Node itself or this package that asks. */
export function askerOf(phase: Phase, refusal: Refusal | undefined): Asker | undefined {
  // Node's own functions look at much, for reasons of their own: its loader alone does so four times for each file.
  const caller = getCallSites(NEAR).find(({ scriptName }) => !isWatching(scriptName))?.scriptName ?? '';
  if (caller.startsWith('node:') && !(refusal !== undefined && PASSED_ON.get(caller) === refusal))
    return undefined;
  const calls = getCallSites(FAR);
  const first = calls.findIndex(({ scriptName }) => !isWatching(scriptName));
  const end = calls.findIndex(({ scriptName }, at) => at > first && isWatching(scriptName));
  const lines = calls
    .slice(first, end === -1 ? undefined : end)
    .map(({ scriptName, lineNumber }) => ({ file: pathOf(scriptName), lineNumber }))
    .filter(({ file }) => isAbsolute(file) && !file.startsWith(OWN));
  const own = lines.find(({ file }) => !file.includes(PACKAGES));
  const line = own ?? (phase === 'called' ? lines[0] : undefined);
  return line === undefined
    ? undefined
    : { file: line.file, place: `${shownPath(line.file)}:${line.lineNumber}` };
}

/** Whether a script is one of those that watch; the first of them below others is where a definition was called from. */
function isWatching(scriptName: string): boolean {
  return scriptName.startsWith(WATCHING_ADDRESS) || scriptName.startsWith(WATCHING);
}

// As it is when nobody watches.
const { existsSync } = fs;

/** What is refused of reading the file `path` on behalf of `file`: paths that are not whole, and what is not of its project. */
export function refusedPath(path: unknown, file: string): Refusal | undefined {
  if (typeof path !== 'string' && !(path instanceof URL) && !Buffer.isBuffer(path)) return undefined;
  const text = path instanceof URL ? fileURLToPath(path) : String(path);
  if (!isAbsolute(text)) return DIRECTORY;
  const whole = join(text);
  return [projectOf(file), REPOSITORY].some((root) => `${whole}${sep}`.startsWith(`${root}${sep}`))
    ? undefined
    : ELSEWHERE;
}

/** The nearest checkout, else the outermost package, for packages lie in one another; else the file's own directory. */
function projectOf(file: string): string {
  let project = dirname(file);
  for (let at = project; dirname(at) !== at; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (existsSync(join(at, 'package.json'))) project = at;
  }
  return project;
}
