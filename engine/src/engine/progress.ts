/** What people see of a build: a living tree on a terminal, a line per step where there is none. */
import { stripVTControlCharacters } from 'node:util';

import { formatCount, redact, type Terminal } from '@cocon-os/cli';

import type { NodeId } from '../graph/graph.ts';
import type { BuildEvent, BuildEvents } from './events.ts';

/** What {@link buildProgress} may be told. */
export interface ProgressOptions {
  /** Milliseconds; the system's clock, if not given. */
  readonly now?: () => number;
  /** Columns of the terminal. */
  readonly columns?: () => number;
}

/** Progress for people, on standard error. */
export function buildProgress(terminal: Terminal, options: ProgressOptions = {}): BuildEvents {
  // A terminal that was told no size has 0 columns.
  const { now = Date.now, columns = () => process.stderr.columns || 80 } = options;
  return terminal.interactive ? livingTree(terminal, now, columns) : plainLines(terminal, now);
}

/** A node that is being built. */
interface Running {
  readonly id: NodeId;
  readonly began: number;
  step: string;
  line: string;
  /** Lines that the step has printed, and that it printed the last time, where that is known. */
  lines: number;
  lastLines: number | undefined;
}

/** Fewer lines than these are no measure. */
const LEAST_LINES = 20;

/**
 * How far a step is: "compile 43 %", of the lines that it printed the last time. A step that was
 * never seen to its end, or prints more than it did, has no share: "compile 812 lines".
 */
function howFar({ step, lines, lastLines }: Running): string {
  if (Math.max(lines, lastLines ?? 0) < LEAST_LINES) return step;
  if (lastLines === undefined || lines > lastLines) return `${step} ${lines} lines`;
  return `${step} ${Math.floor((100 * lines) / lastLines)} %`;
}

/** Counts, and who is at work. */
class Tally {
  total = 0;
  found = 0;
  built = 0;
  failed = 0;
  readonly running = new Map<NodeId, Running>();
  fetching: { readonly began: number; readonly files: number; line: string } | undefined;

  take(event: BuildEvent, now: number): void {
    switch (event.kind) {
      case 'planned':
        this.total = event.total;
        break;
      case 'found':
        this.found += 1;
        this.running.delete(event.node.id);
        break;
      case 'started':
        this.fetching = undefined;
        this.running.set(event.node.id, {
          id: event.node.id,
          began: now,
          step: '',
          line: '',
          lines: 0,
          lastLines: undefined,
        });
        break;
      case 'step':
      case 'line':
        this.#change(event);
        break;
      case 'built':
        this.built += 1;
        this.running.delete(event.node.id);
        break;
      case 'failed':
        this.failed += 1;
        this.running.delete(event.node.id);
        break;
      case 'fetching':
        this.fetching ??= { began: now, files: event.files, line: '' };
        this.fetching.line = printable(event.text);
        break;
      case 'left out':
      case 'over':
        break;
    }
  }

  #change(event: BuildEvent & { readonly kind: 'step' | 'line' }): void {
    const running = this.running.get(event.node.id);
    if (running === undefined) return;
    if (event.kind === 'step') {
      Object.assign(running, { step: event.step, line: '', lines: 0, lastLines: event.lines });
      return;
    }
    running.line = printable(redact(event.text));
    running.lines += 1;
  }

  /** "7 of 13 built, 4 from the store, 2 running". */
  summary(): string {
    const parts = [
      `${this.built} of ${this.total} built`,
      `${this.found} from the store`,
      `${this.running.size} running`,
    ];
    if (this.failed > 0) parts.push(`${this.failed} failed`);
    return parts.join(', ');
  }
}

const REDRAW_MS = 100;
const CLEAR_LINE = '\u001B[K';

function livingTree(terminal: Terminal, now: () => number, columns: () => number): BuildEvents {
  const tally = new Tally();
  let height = 0;
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;
  const erase = (): string => (height === 0 ? '' : `\r\u001B[${height}A\u001B[J`);
  const draw = (above = ''): void => {
    const width = columns() - 1;
    const { fetching } = tally;
    const fetched =
      fetching === undefined
        ? []
        : [
            `  ${[fetchLine(fetching.files), clock((now() - fetching.began) / 1000), fetching.line].join(' · ')}`.slice(
              0,
              width,
            ),
          ];
    const rows = [...tally.running.values()].map((running) => {
      const { id, began, line } = running;
      const parts = [id, howFar(running), clock((now() - began) / 1000), line].filter((part) => part !== '');
      return `  ${parts.join(' · ')}`.slice(0, width);
    });
    rows.unshift(...fetched);
    rows.push(tally.summary().slice(0, width));
    terminal.err(erase() + above + rows.map((row) => `${row}${CLEAR_LINE}\n`).join(''));
    height = rows.length;
    drawn = now();
  };
  return (event) => {
    tally.take(event, now());
    if (event.kind === 'over') {
      clearInterval(timer);
      if (height > 0) terminal.err(erase());
      height = 0;
      return;
    }
    const said = lastWord(event);
    if (said !== undefined) draw(`${said}\n`);
    else if (event.kind === 'started' || (event.kind === 'fetching' && height === 0)) draw();
    else if (height > 0 && now() - drawn >= REDRAW_MS) draw();
    if (timer === undefined && (event.kind === 'started' || event.kind === 'fetching')) {
      timer = setInterval(draw, 1000);
      timer.unref();
    }
  };
}

/** Without a terminal, a sign of life this often. */
const HEARTBEAT_MS = 30_000;
/** A step that prints nothing is at work, too. */
const BEAT_MS = 1000;

function plainLines(terminal: Terminal, now: () => number): BuildEvents {
  const tally = new Tally();
  let said = now();
  const say = (text: string): void => {
    said = now();
    terminal.err(`${text}\n`);
  };
  const beat = (): void => {
    if (now() - said < HEARTBEAT_MS) return;
    if (tally.fetching !== undefined) {
      const { files, began, line } = tally.fetching;
      say(`${fetchLine(files)}, after ${clock((now() - began) / 1000)}: ${line}`);
    }
    for (const running of tally.running.values()) {
      const { id, step, began } = running;
      say(`${id}: ${step === '' ? '' : `${howFar(running)}, `}after ${clock((now() - began) / 1000)}`);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  return (event) => {
    if (event.kind === 'fetching' && tally.fetching === undefined) say(fetchLine(event.files));
    tally.take(event, now());
    if (event.kind === 'started' || event.kind === 'fetching') timer ??= setInterval(beat, BEAT_MS).unref();
    else if (event.kind === 'over') clearInterval(timer);
    else if (event.kind === 'step') say(`${event.node.id}: ${event.step}`);
    else if (event.kind === 'line') beat();
    const word = lastWord(event);
    if (word !== undefined) say(`${word} (${tally.summary()})`);
  };
}

function fetchLine(files: number): string {
  return `fetch ${formatCount(files, 'pinned file')}`;
}

/** What is said of a node that is over. */
function lastWord(event: BuildEvent): string | undefined {
  if (event.kind === 'built') {
    const same = event.same ? ', the same as before' : '';
    return `${event.node.id}: built in ${clock(event.seconds)}${same}`;
  }
  if (event.kind === 'failed') return `${event.node.id}: failed`;
  if (event.kind === 'left out') return `${event.node.id}: left out, for something that it needs failed`;
  return undefined;
}

/** `133` seconds as "2:13". */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[^\u0020-\u007E]/g, ' ')
    .trim();
}
