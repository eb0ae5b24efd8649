/** The story that the demo tells: one line a step on the terminal, and the same as JSON for whoever checks it. */
import { writeFileSync } from 'node:fs';

import { redraws } from '@cocon-os/cli/node';

/** What one step came to. */
export interface StepReport {
  readonly step: string;
  readonly seconds: number;
  readonly result: string;
}

/** The file that `npm run demo` leaves behind: `out/demo/report.json`. */
export interface DemoReport {
  readonly ok: boolean;
  readonly seconds: number;
  readonly steps: readonly StepReport[];
  /** Sizes in bytes by name. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly failure?: { readonly step: string; readonly message: string; readonly serialLog: string };
}

const LABEL_WIDTH = 46;
const REDRAWS = redraws(process.stdout.isTTY, process.env);

/** Collects steps, prints them as they happen, and writes the report. */
export class Timeline {
  readonly sizes: Record<string, number> = {};
  readonly #steps: StepReport[] = [];
  readonly #began = performance.now();
  #current = '';

  /** Prints a heading between groups of steps. */
  chapter(title: string): void {
    process.stdout.write(REDRAWS ? `\n\u001B[1m${title}\u001B[0m\n` : `\n${title}\n`);
  }

  /** Runs one step. `work` returns what the line says at its end; what it throws ends the demo. */
  async step(label: string, work: () => Promise<string> | string): Promise<void> {
    this.#current = label;
    const began = performance.now();
    const line = `  ${this.#clock()}  ${label.padEnd(LABEL_WIDTH)} `;
    // What the work itself has to say goes above its line.
    if (REDRAWS) process.stdout.write(line);
    const result = await work();
    if (REDRAWS) process.stdout.write('\r\u001B[K');
    const seconds = (performance.now() - began) / 1000;
    this.#steps.push({ step: label, seconds: Number(seconds.toFixed(2)), result });
    process.stdout.write(`${line}${seconds.toFixed(1).padStart(6)} s  ${result}\n`);
  }

  /** Notes a size in bytes under `name`. */
  size(name: string, bytes: number): void {
    this.sizes[name] = bytes;
  }

  /** Writes the report to `path`; `failure` is what ended the demo early, if anything did. */
  write(path: string, failure?: { readonly message: string; readonly serialLog: string }): void {
    const report: DemoReport = {
      ok: failure === undefined,
      seconds: Number(((performance.now() - this.#began) / 1000).toFixed(1)),
      steps: this.#steps,
      sizes: this.sizes,
      ...(failure === undefined ? {} : { failure: { step: this.#current, ...failure } }),
    };
    writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  }

  #clock(): string {
    const seconds = Math.floor((performance.now() - this.#began) / 1000);
    return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
