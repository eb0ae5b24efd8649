/**
 * A client of the QEMU Machine Protocol. Our side listens and QEMU connects, so nobody has to guess when its socket
 * will be there.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

import { QemuError } from './errors.ts';
import { QmpFraming } from './qmp-protocol.ts';
import type { QmpCommands, QmpEvent, QmpMessage } from './qmp-protocol.ts';
import { timeLimit } from './settings.ts';

const DEFAULT_TIMEOUT_MS = 60_000;
const HANDSHAKE_ID = 0;

interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: QemuError) => void;
}

/** A monitor. Commands may be sent before QEMU has connected; they wait. */
export class QmpClient {
  readonly #server: Server;
  readonly #framing = new QmpFraming();
  readonly #pending = new Map<number, Pending>();
  readonly #ready = Promise.withResolvers<Socket>();
  readonly #events: QmpEvent[] = [];
  readonly #eventWaiters = new Set<() => void>();
  #socket: Socket | undefined;
  #nextId = HANDSHAKE_ID + 1;
  #closed: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
    // Whoever waits for it is told; nobody has to.
    this.#ready.promise.catch(() => undefined);
    server.on('connection', (socket) => this.#connected(socket));
  }

  /** Listens on a Unix socket (at most 107 bytes of path) for QEMU. */
  static async listen(path: string): Promise<QmpClient> {
    const server = createServer();
    const listening = Promise.withResolvers<void>();
    server.once('error', listening.reject).listen(path, listening.resolve);
    await listening.promise;
    return new QmpClient(server);
  }

  /** Runs a command. Throws `QMP_ERROR` with QEMU's own words, `QMP_TIMEOUT` or `QMP_CLOSED`. */
  async execute<Name extends keyof QmpCommands>(
    name: Name,
    ...[args]: QmpCommands[Name]['arguments'] extends undefined ? [] : [QmpCommands[Name]['arguments']]
  ): Promise<QmpCommands[Name]['returns']> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.#nextId;
    this.#nextId += 1;
    const timer = setTimeout(
      () => reject(new QemuError('QMP_TIMEOUT', `Cannot run "${name}" on the monitor: no answer`)),
      timeLimit(DEFAULT_TIMEOUT_MS),
    );
    try {
      this.#pending.set(id, { command: name, resolve, reject });
      if (this.#closed !== undefined) throw closedError(name, this.#closed);
      // A command that outlives its time limit must not leave a rejection behind that nobody sees.
      void this.#ready.promise.then((socket) => socket.write(request(id, name, args)), reject);
      // QmpCommands states what QEMU returns; the protocol carries no types of its own.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return (await promise) as QmpCommands[Name]['returns'];
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  /**
   * Waits for an event, and forgets those before it. Events are kept from the start, so the wait may begin after what
   * causes the event. Throws `QMP_TIMEOUT` or `QMP_CLOSED`.
   */
  async waitFor(name: string, options: { readonly timeoutMs?: number } = {}): Promise<QmpEvent> {
    const deadline = AbortSignal.timeout(timeLimit(options.timeoutMs ?? DEFAULT_TIMEOUT_MS));
    for (;;) {
      const event = await this.#nextEvent(deadline, name);
      if (event.event === name) return event;
    }
  }

  /** All events from the oldest one that was not yet taken, until the machine ends. */
  async *events(): AsyncGenerator<QmpEvent, void> {
    const never = new AbortController().signal;
    while (this.#closed === undefined || this.#events.length > 0) {
      try {
        yield await this.#nextEvent(never, 'any event');
      } catch (thrown) {
        if (thrown instanceof QemuError && thrown.code === 'QMP_CLOSED') return;
        throw thrown;
      }
    }
  }

  /** Ends the connection; `why` is what waiting callers are told. */
  close(why: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    this.#server.close();
    this.#socket?.destroy();
    this.#ready.reject(closedError('connect', why));
    for (const { command, reject } of this.#pending.values()) reject(closedError(command, why));
    this.#wake();
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#receive(socket, bytes));
    socket.on('error', (error) => this.close(error.message));
    socket.on('close', () => this.close('qemu closed the connection'));
  }

  #receive(socket: Socket, bytes: Uint8Array): void {
    let messages: readonly QmpMessage[];
    try {
      messages = this.#framing.push(bytes);
    } catch (cause) {
      this.close(`qemu sent what is not its protocol: ${String(cause)}`);
      return;
    }
    for (const message of messages) this.#handle(socket, message);
  }

  #handle(socket: Socket, message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        socket.write(request(HANDSHAKE_ID, 'qmp_capabilities', undefined));
        break;
      case 'event':
        this.#events.push(message.event);
        this.#wake();
        break;
      case 'return':
        if (message.id === HANDSHAKE_ID) this.#ready.resolve(socket);
        else this.#pending.get(message.id)?.resolve(message.value);
        break;
      case 'error': {
        const pending = this.#pending.get(message.id);
        const { description, errorClass } = message;
        pending?.reject(
          new QemuError('QMP_ERROR', `Cannot run "${pending.command}" on the monitor: ${description}`, {
            facts: { class: errorClass },
          }),
        );
        break;
      }
    }
  }

  async #nextEvent(deadline: AbortSignal, wanted: string): Promise<QmpEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      if (this.#closed !== undefined) throw closedError(`wait for ${wanted}`, this.#closed);
      if (deadline.aborted)
        throw new QemuError('QMP_TIMEOUT', `Cannot wait any longer for ${wanted} on the monitor`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#eventWaiters.add(wake);
      deadline.addEventListener('abort', wake, { once: true });
      await promise;
      deadline.removeEventListener('abort', wake);
    }
  }

  #wake(): void {
    for (const wake of this.#eventWaiters) wake();
    this.#eventWaiters.clear();
  }
}

function request(id: number, name: string, args: object | undefined): string {
  return `${JSON.stringify({ id, execute: name, ...(args === undefined ? {} : { arguments: args }) })}\n`;
}

function closedError(action: string, why: string): QemuError {
  return new QemuError('QMP_CLOSED', `Cannot run "${action}" on the monitor: ${why}`);
}
