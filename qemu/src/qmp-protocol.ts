/** The QEMU Machine Protocol on the wire: JSON objects, one a line, and the commands that this package uses. */

/** What a node of a disk has done since the machine started. A subset of QAPI's `BlockDeviceStats`. */
export interface BlockStatistics {
  readonly rd_bytes: number;
  readonly wr_bytes: number;
  readonly rd_operations: number;
  readonly wr_operations: number;
  readonly flush_operations: number;
}

/** Commands with the type of their arguments and of what they return. */
export interface QmpCommands {
  'query-status': { arguments: undefined; returns: { readonly status: string; readonly running: boolean } };
  'query-version': {
    arguments: undefined;
    returns: { readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number } };
  };
  'query-blockstats': {
    arguments: undefined;
    returns: readonly {
      readonly 'node-name'?: string;
      readonly qdev?: string;
      readonly stats: BlockStatistics;
    }[];
  };
  system_reset: { arguments: undefined; returns: object };
  system_powerdown: { arguments: undefined; returns: object };
  quit: { arguments: undefined; returns: object };
  stop: { arguments: undefined; returns: object };
  cont: { arguments: undefined; returns: object };
  screendump: { arguments: { readonly filename: string; readonly format?: 'ppm' | 'png' }; returns: object };
}

/** Something that happened in the machine, such as `RESET`, `SHUTDOWN` or `WATCHDOG`. */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Seconds since the epoch, to the microsecond. */
  readonly time: number;
}

/** A message from QEMU. */
export type QmpMessage =
  | { readonly kind: 'greeting' }
  | { readonly kind: 'event'; readonly event: QmpEvent }
  | { readonly kind: 'return'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly errorClass: string;
      readonly description: string;
    };

/** Puts lines together from pieces; where the pieces are cut does not matter. */
export class QmpFraming {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** The messages that the next piece completes. Throws `SyntaxError` when a line is not JSON. */
  push(bytes: Uint8Array): QmpMessage[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line.trim() !== '').map(parseMessage);
  }
}

/** Reads one line. Throws `SyntaxError` when it is no message of the protocol. */
export function parseMessage(line: string): QmpMessage {
  const value: unknown = JSON.parse(line);
  if (!isRecord(value)) throw new SyntaxError(`no QMP object: ${line}`);
  if ('QMP' in value) return { kind: 'greeting' };
  if (typeof value['event'] === 'string') {
    const stamp = isRecord(value['timestamp']) ? value['timestamp'] : {};
    const time = Number(stamp['seconds'] ?? 0) + Number(stamp['microseconds'] ?? 0) / 1e6;
    return {
      kind: 'event',
      event: { event: value['event'], data: isRecord(value['data']) ? value['data'] : {}, time },
    };
  }
  const id = Number(value['id']);
  if ('return' in value) return { kind: 'return', id, value: value['return'] };
  if (isRecord(value['error'])) {
    const { class: errorClass, desc } = value['error'];
    return { kind: 'error', id, errorClass: String(errorClass), description: String(desc) };
  }
  throw new SyntaxError(`no QMP message: ${line}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
