/** States that are taken for one have the same future: the same can happen in them. */
import { expect, test } from 'vitest';

import { eventsIn, eventText, happen } from './events.ts';
import { PRODUCTION } from './machine.ts';
import { tinyReleases } from './releases.ts';
import { emptyState, keyOf, type State, type World } from './state.ts';

const WORLD: World = { slots: 2, attempts: 1, releases: tinyReleases(2, 1), damages: ['kernel'] };

/** Which release has which number is left out by the key, too. */
const futureOf = (state: State): readonly string[] =>
  eventsIn(state, WORLD)
    .map((event) => eventText(event).replace(/release \d/, 'release'))
    .toSorted();

test('the same events can happen in all states of one key', () => {
  const futures = new Map<string, readonly string[]>();
  const queue = [emptyState(WORLD)];
  for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
    for (const event of eventsIn(state, WORLD)) {
      const { next } = happen(state, event, PRODUCTION, WORLD);
      const key = keyOf(next, WORLD);
      const known = futures.get(key);
      if (known === undefined) {
        futures.set(key, futureOf(next));
        queue.push(next);
      } else {
        expect(futureOf(next)).toEqual(known);
      }
    }
  }
  expect(futures.size).toBeGreaterThan(1000);
});
