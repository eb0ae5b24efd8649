/** Gives a person the serial console of a running machine. */
import type { RunningMachine } from './running-machine.ts';

/** Ctrl-], as in telnet: rare enough to be free, on every keyboard, and no byte of an escape sequence. */
const ESCAPE_KEY = '\u001D';

/** The person's end. `process.stdin` and `process.stdout` fit. */
export interface ConsoleStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(mode: boolean): unknown };
  readonly output: NodeJS.WritableStream;
}

/**
 * Connects a person with the guest, byte by byte, until the escape key is pressed (`detached`) or the machine ends
 * (`exited`). The machine runs on when detached.
 */
export async function attachConsole(
  machine: RunningMachine,
  streams: ConsoleStreams,
): Promise<'detached' | 'exited'> {
  const { input, output } = streams;
  const detached = Promise.withResolvers<'detached'>();
  const type = (piece: Buffer | string): void => {
    const text = piece.toString();
    const end = text.indexOf(ESCAPE_KEY);
    machine.serial.send(end < 0 ? text : text.slice(0, end));
    if (end >= 0) detached.resolve('detached');
  };
  output.write(`Console of "${machine.machine.name}". Press Ctrl-] to leave it.\r\n`);
  const stop = machine.serial.onBytes((bytes) => output.write(bytes));
  const terminal = input.isTTY === true;
  if (terminal) input.setRawMode?.(true);
  input.on('data', type);
  input.resume();
  try {
    return await Promise.race([detached.promise, machine.exited.then(() => 'exited' as const)]);
  } finally {
    stop();
    input.off('data', type);
    input.pause();
    if (terminal) input.setRawMode?.(false);
    output.write('\r\n');
  }
}
