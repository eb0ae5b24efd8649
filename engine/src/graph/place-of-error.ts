/** Where in the files of definitions an error is, for people. */
import { join, sep } from 'node:path';

import { pathOf, shownPath } from '../define/location.ts';

/** This package's code, which passes on what definitions do wrong. */
const OWN = join(import.meta.dirname, '..') + sep;

/** The first line of the stack of a file that is no JavaScript, or a call. Who awaits is not who is wrong. */
const PLACE = /^(?:\s+at (?!async )(?:.*\()?)?((?:file:\/\/)?\/[^\s()]+?):(\d+)(?::\d+\)?)?$/gm;

/** ` at profiles/own.ts:7`, of the line that cannot be read or that throws; nothing where that is not known. */
export function atPlaceOf(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  for (const [, file = '', line = ''] of stack.matchAll(PLACE)) {
    const path = pathOf(file);
    if (!path.startsWith(OWN)) return ` at ${shownPath(path)}:${line}`;
  }
  return '';
}
