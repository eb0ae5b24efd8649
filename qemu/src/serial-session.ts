/**
 * The serial console as a conversation: wait for what the guest says, answer, run commands in its shell.
 * Knows nothing of QEMU; a {@link Console} is anything that speaks and listens.
 */
import { randomBytes } from 'node:crypto';

import { QemuError } from './errors.ts';
import { ExpectBuffer } from './expect-buffer.ts';
import type { Found, Pattern } from './expect-buffer.ts';
import { PlainText } from './plain-text.ts';
import { timeLimit } from './settings.ts';

/** One end of a serial line. */
export interface Console {
  /** For messages. */
  readonly name: string;
  /** Where the whole log is, or `undefined` when it goes away with the machine. */
  readonly logPath: string | undefined;
  write(text: string): void;
}

/** How long to wait, and for what not to. */
export interface ExpectOptions {
  /** Upper bound in milliseconds, 120,000 when not given; see `timeLimit`. */
  readonly timeoutMs?: number;
  /** Patterns that end the wait with `GUEST_PANIC`. A kernel panic when not given; an empty list waits through anything. */
  readonly failOn?: readonly Pattern[];
}

/** The result of a command in the guest's shell. */
export interface CommandResult {
  /** Both streams as the terminal shows them, without the last line end. */
  readonly output: string;
  readonly status: number;
}

/** What Linux prints when it gives up. */
export const KERNEL_PANIC = /Kernel panic - not syncing: .*/;

const DEFAULT_TIMEOUT_MS = 120_000;
const LAST_LINES = 15;
const TAIL_LENGTH = 8192;

interface Waiter {
  readonly patterns: readonly Pattern[];
  readonly wanted: number;
  readonly resolve: (found: Found) => void;
  readonly reject: (error: QemuError) => void;
}

/** A conversation with a guest. One wait at a time. */
export class SerialSession {
  readonly #console: Console;
  readonly #plain = new PlainText();
  readonly #buffer = new ExpectBuffer();
  readonly #listeners = new Set<(bytes: Uint8Array) => void>();
  readonly #decoder = new TextDecoder();
  #waiter: Waiter | undefined;
  #tail = '';
  #ended: string | undefined;

  constructor(console: Console) {
    this.#console = console;
  }

  /** Bytes from the guest. */
  receive(bytes: Uint8Array): void {
    for (const listener of this.#listeners) listener(bytes);
    const plain = this.#plain.push(this.#decoder.decode(bytes, { stream: true }));
    this.#buffer.append(plain);
    this.#tail = (this.#tail + plain).slice(-TAIL_LENGTH);
    this.#settle();
  }

  /** Nothing more will come; `why` as in "qemu exited with status 1". */
  end(why: string): void {
    this.#ended = why;
    this.#settle();
  }

  /** Calls `listener` with each piece as it comes from the guest, escape sequences included. Returns how to stop. */
  onBytes(listener: (bytes: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Waits until the guest has said `pattern`, or one of several, after what was found last. See `expect-buffer.ts` for
   * how strings and regular expressions differ. Throws `EXPECT_TIMEOUT`, `GUEST_PANIC` or `QEMU_EXITED`.
   */
  async expect(pattern: Pattern | readonly Pattern[], options: ExpectOptions = {}): Promise<Found> {
    if (this.#waiter !== undefined) throw new Error('SerialSession.expect() is waiting already');
    const wanted = isList(pattern) ? pattern : [pattern];
    const timeoutMs = timeLimit(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    this.#waiter = {
      patterns: [...wanted, ...(options.failOn ?? [KERNEL_PANIC])],
      wanted: wanted.length,
      resolve,
      reject,
    };
    const timer = setTimeout(() => {
      const limit = `not said within ${String(timeoutMs / 1000)} s`;
      reject(
        this.#error(
          'EXPECT_TIMEOUT',
          `Cannot find ${described(wanted)} on the console of ${this.#console.name}: ${limit}`,
        ),
      );
    }, timeoutMs);
    this.#settle();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiter = undefined;
    }
  }

  /** Types `text` as it is. */
  send(text: string): void {
    if (this.#ended === undefined) this.#console.write(text);
  }

  /** Types `text` and the Enter key. */
  sendLine(text: string): void {
    this.send(`${text}\r`);
  }

  /**
   * Runs one line of shell in the POSIX shell that listens on the console and waits for its end. The kernel's own
   * messages get mixed into the output; `dmesg -n 1` keeps them away.
   */
  async run(command: string, options: ExpectOptions = {}): Promise<CommandResult> {
    const nonce = randomBytes(4).toString('hex');
    // The format takes the marks apart, so that the terminal's echo of this line is not taken for its output.
    this.sendLine(`printf '@@%s\\n' ${nonce}-begin; ${command}; printf '\\n@@%s:%d@@\\n' ${nonce}-end $?`);
    await this.expect(`@@${nonce}-begin\n`, options);
    const end = await this.expect(new RegExp(`@@${nonce}-end:(\\d+)@@`), options);
    return { output: end.before.replace(/\n{1,2}$/, ''), status: Number(end.groups[0]) };
  }

  /** The last lines that the guest said. */
  lastLines(count: number = LAST_LINES): string {
    return this.#tail.trimEnd().split('\n').slice(-count).join('\n');
  }

  #settle(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const found = this.#buffer.take(waiter.patterns);
    if (found !== undefined && found.index < waiter.wanted) {
      waiter.resolve(found);
    } else if (found !== undefined) {
      waiter.reject(
        this.#error('GUEST_PANIC', `Cannot go on with ${this.#console.name}: the guest said "${found.text}"`),
      );
    } else if (this.#ended !== undefined) {
      const wanted = described(waiter.patterns.slice(0, waiter.wanted));
      waiter.reject(
        this.#error(
          'QEMU_EXITED',
          `Cannot find ${wanted} on the console of ${this.#console.name}: ${this.#ended}`,
        ),
      );
    }
  }

  #error(code: 'EXPECT_TIMEOUT' | 'GUEST_PANIC' | 'QEMU_EXITED', message: string): QemuError {
    const { logPath } = this.#console;
    return new QemuError(code, `${message}\n--- last lines ---\n${this.lastLines()}\n---`, {
      hint:
        logPath === undefined
          ? 'Start the machine with a log path, or set COCON_KEEP=1, to keep the whole serial log.'
          : `The whole serial log is ${logPath}`,
      facts: { log: logPath ?? null },
    });
  }
}

function described(patterns: readonly Pattern[]): string {
  return patterns
    .map((pattern) => (typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern)))
    .join(' or ');
}

function isList(pattern: Pattern | readonly Pattern[]): pattern is readonly Pattern[] {
  return Array.isArray(pattern);
}
