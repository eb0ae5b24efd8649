/** States that are taken for one have the same future: the same can happen in them. */
import { expect, test } from 'vitest';

import { eventsIn, eventText, happen } from './events.ts';
import { PRODUCTION } from './machine.ts';
import { tinyReleases } from './releases.ts';
import { emptyState, keyOf, type State, type World } from './state.ts';

const WORLDS: readonly (World & { readonly name: string })[] = [
  {
    name: 'two releases',
    slots: 2,
    attempts: 1,
    freeShutdowns: 0,
    releases: tinyReleases(2, 1),
    damages: ['kernel'],
  },
  {
    name: 'orderly shutdowns',
    slots: 2,
    attempts: 2,
    freeShutdowns: 1,
    releases: tinyReleases(1, 2),
    damages: ['kernel'],
  },
];

/** Which release has which number is left out by the key, too. */
const futureOf = (state: State, world: World): readonly string[] =>
  eventsIn(state, world)
    .map((event) => eventText(event).replace(/release \d/, 'release'))
    .toSorted();

test.each(WORLDS)('the same events can happen in all states of one key: $name', (world) => {
  const futures = new Map<string, readonly string[]>();
  const queue = [emptyState(world)];
  for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
    for (const event of eventsIn(state, world)) {
      const { next } = happen(state, event, PRODUCTION, world);
      const key = keyOf(next, world);
      const known = futures.get(key);
      if (known === undefined) {
        futures.set(key, futureOf(next, world));
        queue.push(next);
      } else {
        expect(futureOf(next, world)).toEqual(known);
      }
    }
  }
  expect(futures.size).toBeGreaterThan(1000);
});
