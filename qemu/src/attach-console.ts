/** Gives a person the serial console of a running machine. */
import type { RunningMachine } from './running-machine.ts';

/** Ctrl-], as in telnet: rare enough to be free, on every keyboard, and no byte of an escape sequence. */
const ESCAPE_KEY = '\u001D';

/** The person's end. `process.stdin` and `process.stdout` fit. */
export interface ConsoleStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(mode: boolean): unknown };
  readonly output: NodeJS.WritableStream;
}

/** Why a person is no longer connected. */
export type ConsoleEnd = 'detached' | 'exited' | 'closed';

/**
 * Connects a person with the guest, byte by byte, until the escape key is pressed (`detached`), the machine ends (`exited`)
 * or nobody reads `output` any more (`closed`), as in `cocon run disk.img | head`. The machine runs on except when it has
 * ended. The end of `input` ends nothing: who has nothing to type may still want to read.
 */
export async function attachConsole(machine: RunningMachine, streams: ConsoleStreams): Promise<ConsoleEnd> {
  const { input, output } = streams;
  const left = Promise.withResolvers<'detached' | 'closed'>();
  const closed = (): void => left.resolve('closed');
  const type = (piece: Buffer | string): void => {
    const text = piece.toString();
    const end = text.indexOf(ESCAPE_KEY);
    machine.serial.send(end < 0 ? text : text.slice(0, end));
    if (end >= 0) left.resolve('detached');
  };
  // Whoever owns the stream hears of the error as well.
  output.on('error', closed);
  output.write(`Console of "${machine.machine.name}". Press Ctrl-] to leave it.\r\n`);
  const stop = machine.serial.onBytes((bytes) => output.write(bytes));
  const terminal = input.isTTY === true;
  if (terminal) input.setRawMode?.(true);
  input.on('data', type);
  input.resume();
  let how: ConsoleEnd | undefined;
  try {
    how = await Promise.race([left.promise, machine.exited.then(() => 'exited' as const)]);
    return how;
  } finally {
    stop();
    input.off('data', type);
    input.pause();
    if (terminal) input.setRawMode?.(false);
    output.off('error', closed);
    if (how !== 'closed') output.write('\r\n');
  }
}
