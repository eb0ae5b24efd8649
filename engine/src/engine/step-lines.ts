/**
 * How many lines each step of a node prints: the one measure of a step's length that every build
 * has. A build is told how many there were the last time that the node was built, and can say what
 * share of them has come.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CacheDirectory } from '../cache-directory.ts';
import type { NodeId } from '../graph/graph.ts';
import { stableJson } from '../stable-json.ts';
import type { BuildEvent, BuildEvents } from './events.ts';
import { writeNote } from './store.ts';

/** Lines by the step's name. */
type Lines = Readonly<Record<string, number>>;

/** Counts the lines of one node's build. */
export class StepLines {
  readonly #place: string;
  readonly #last: Lines;
  readonly #now = new Map<string, number>();
  #step = '';

  private constructor(place: string, last: Lines) {
    this.#place = place;
    this.#last = last;
  }

  /** A note that cannot be read is none. */
  static async of(node: NodeId, { logs }: CacheDirectory): Promise<StepLines> {
    const place = join(logs, `${node}.lines.json`);
    return new StepLines(place, linesOf(await readFile(place, 'utf8').catch(() => '{}')));
  }

  /** Passes events on, those of steps with the lines that they printed the last time. */
  through(events: BuildEvents): BuildEvents {
    return (event) => events(this.#counted(event));
  }

  /** Notes the counts for the next build. A place that cannot be written has none. */
  async note(): Promise<void> {
    await writeNote(this.#place, `${stableJson(Object.fromEntries(this.#now))}\n`);
  }

  #counted(event: BuildEvent): BuildEvent {
    if (event.kind === 'line') this.#now.set(this.#step, (this.#now.get(this.#step) ?? 0) + 1);
    if (event.kind !== 'step') return event;
    this.#step = event.step;
    const lines = this.#last[event.step];
    return lines === undefined ? event : { ...event, lines };
  }
}

function linesOf(text: string): Lines {
  try {
    const found: unknown = JSON.parse(text);
    const entries: [string, unknown][] = Object.entries(Object(found));
    return Object.fromEntries(
      entries.filter((entry): entry is [string, number] => Number.isInteger(entry[1])),
    );
  } catch {
    return {};
  }
}
