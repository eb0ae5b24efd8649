/** Runs one program of a longer job: its output is shown as it comes, and kept for whoever counts. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The repository's root. */
export const ROOT = join(import.meta.dirname, '..');

/** How a stage ended. */
export interface StageResult {
  readonly status: number;
  readonly output: string;
  readonly seconds: number;
}

/** Runs `command` in the repository's root. Never throws: a program that cannot be started has status 127. */
export function runStage(name: string, command: readonly string[]): Promise<StageResult> {
  const [program = '', ...args] = command;
  const began = Date.now();
  process.stderr.write(`\n── ${name}: ${command.join(' ')}\n`);
  return new Promise((resolve) => {
    const chunks: string[] = [];
    const done = (status: number): void =>
      resolve({ status, output: chunks.join(''), seconds: (Date.now() - began) / 1000 });
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        chunks.push(text);
        process.stderr.write(text);
      });
    }
    child.on('error', (error) => {
      chunks.push(error.message);
      process.stderr.write(`${error.message}\n`);
      done(127);
    });
    child.on('close', (status) => done(status ?? 1));
  });
}
