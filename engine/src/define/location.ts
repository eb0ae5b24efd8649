/** Where in the repository something was defined, for errors. */
import { dirname, isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';

/** The repository's root. */
export const REPOSITORY = join(import.meta.dirname, '../../..');

/** Files of this directory define nothing themselves. */
const HERE = dirname(fileURLToPath(import.meta.url));

/** The first caller outside this directory, as `slices/musl/slice.ts:7`; relative to the repository where it lies in it. */
export function definitionPlace(): string {
  const site = getCallSites(8).find(({ scriptName }) => dirname(pathOf(scriptName)) !== HERE);
  if (site === undefined) return 'unknown file';
  return `${shownPath(pathOf(site.scriptName))}:${site.lineNumber}`;
}

/** A path as people are told it: relative to the repository where it lies in it. */
export function shownPath(path: string): string {
  const inside = relative(REPOSITORY, path);
  return inside.startsWith('..') ? path : inside;
}

/** A path that the graph holds as {@link shownPath} gave it. */
export function pathInGraph(path: string): string {
  return isAbsolute(path) ? path : join(REPOSITORY, path);
}

/** The path of a script, which the engine may know by its address. */
export function pathOf(scriptName: string): string {
  return scriptName.startsWith('file:') ? fileURLToPath(scriptName) : scriptName;
}
