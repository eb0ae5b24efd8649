/** The answer to "why is this built?" as lines for people. */
import { describeChange } from './difference.ts';
import { moveLines } from '../pins/overlay.ts';
import { clock } from './progress.ts';
import type { NeedChange, Why } from './why.ts';

/** Ends with a line break. */
export function whyText(why: Why): string {
  return `${[head(why), ...reasons(why), ...movedLines(why), ...consequences(why)].join('\n')}\n`;
}

function head({ node, state, changes, needs }: Why): string {
  const cause = changes.length + needs.length > 0;
  switch (state) {
    case 'never built':
      return `${node} has never been built here`;
    case 'has to be built':
      return `${node} has to be built: ${cause ? 'since its last build, this has changed' : 'its layers are no longer in the store'}`;
    case 'waiting':
      return `${node} has to be built if one of its needs comes to other bytes`;
    case 'up to date':
      return `${node} is up to date${cause ? '; it was last built because this had changed' : ''}`;
  }
}

/** The pins that are others here than in the repository. */
function movedLines({ moved }: Why): readonly string[] {
  if (moved.length === 0) return [];
  return ["  moved by the lock of this machine's cache:", ...moveLines(moved).map((line) => `    ${line}`)];
}

function reasons({ changes, needs }: Pick<Why, 'changes' | 'needs'>, depth = 1): readonly string[] {
  const lines = [...changes.flatMap(describeChange), ...needs.flatMap((need) => needLines(need))];
  return lines.map((line) => `${'  '.repeat(depth)}${line}`);
}

function needLines(need: NeedChange): readonly string[] {
  const { from, to } = need;
  const what =
    to === undefined
      ? `has to be built first, and may come to the same ${short(from)}`
      : `${short(from)} -> ${short(to)}`;
  return [`needs.${need.need}: ${what}`, ...reasons(need, 1)];
}

function consequences({ state, seconds, hits }: Why): readonly string[] {
  if (state === 'up to date') return [];
  const all = hits.reduce((sum, each) => sum + each.seconds, 0);
  const own = state === 'never built' ? '' : `Its last build took ${clock(seconds)}. `;
  if (hits.length === 0) return [`${own}No other slice needs it.`];
  const names = hits.map(({ node }) => node).join(', ');
  return [`${own}If its output changes, these are built too, ${clock(all)} in all: ${names}`];
}

/** A digest, short. */
function short(digest: string | undefined): string {
  return digest === undefined ? 'nothing' : digest.replace('sha256:', '').slice(0, 12);
}
