/**
 * A kernel that hangs: over QEMU's GDB stub (the protocol's "Overview" and "Packets" in GDB's manual), the instruction that
 * the only processor comes to next is replaced by an endless loop with interrupts off. Nothing in the guest can end it;
 * a watchdog can.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { QemuError } from './errors.ts';

/** `cli; jmp .` on x86_64. */
const ENDLESS_LOOP = 'faebfe';
/** Where `g` has the instruction pointer of x86_64: behind sixteen registers of eight bytes, in hexadecimal digits. */
const RIP_DIGITS = 16 * 8 * 2;
/** Addresses of the kernel have this bit set. */
const KERNEL_HALF = 1n << 63n;
const TRIES = 200;
const PAUSE_MS = 25;

/** Arguments for a machine that listens for {@link freezeProcessor} at `socket`, a path of at most 100 bytes. */
export function gdbArguments(socket: string): string[] {
  return ['-chardev', `socket,id=gdb,path=${socket},server=on,wait=off`, '-gdb', 'chardev:gdb'];
}

/**
 * Freezes the only processor of an x86_64 machine the next time that it runs kernel code. Throws `GDB_FAILED` when it never
 * does, or when QEMU refuses.
 */
export async function freezeProcessor(socket: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const stub = await openStub(socket);
    try {
      const address = instructionPointer(await stub.ask('g'));
      if (address >= KERNEL_HALF) {
        const place = `${address.toString(16)},${String(ENDLESS_LOOP.length / 2)}`;
        if ((await stub.ask(`M${place}:${ENDLESS_LOOP}`)) !== 'OK')
          throw failed('QEMU does not let it be written');
        await stub.ask('D');
        return;
      }
      await stub.ask('D');
    } finally {
      stub.close();
    }
    await sleep(PAUSE_MS);
  }
  throw failed('it runs no kernel code');
}

/** The registers come in the order and byte order of the target: little-endian. */
function instructionPointer(registers: string): bigint {
  const digits = registers.slice(RIP_DIGITS, RIP_DIGITS + 16);
  const bytes = Buffer.from(digits, 'hex');
  if (bytes.length !== 8) throw failed(`its registers read as "${registers.slice(0, 40)}"`);
  return bytes.readBigUInt64LE();
}

interface Stub {
  /** Sends a packet and returns the answer's contents. The machine stands still while the stub is open. */
  ask(packet: string): Promise<string>;
  close(): void;
}

async function openStub(path: string): Promise<Stub> {
  const socket = connect(path);
  await settled(socket, 'connect');
  let received = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    received += piece;
    socket.emit('cocon-more');
  });
  return {
    close: () => socket.destroy(),
    async ask(packet) {
      socket.write(`$${packet}#${checksum(packet)}`);
      for (;;) {
        const [whole, contents] = /\$([^#]*)#[0-9a-f]{2}/.exec(received) ?? [];
        if (whole !== undefined && contents !== undefined) {
          received = received.slice(received.indexOf(whole) + whole.length);
          socket.write('+');
          // That the machine has stopped, which it does when a debugger comes, is told in between.
          if (!contents.startsWith('T')) return contents;
        } else {
          await settled(socket, 'cocon-more');
        }
      }
    },
  };
}

async function settled(socket: Socket, event: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const fail = (cause?: unknown): void => reject(failed('QEMU closed the connection', cause));
  socket.once(event, resolve).once('error', fail).once('close', fail);
  try {
    await promise;
  } finally {
    socket.off(event, resolve).off('error', fail).off('close', fail);
  }
}

/** Two hexadecimal digits: the sum of the bytes, modulo 256. */
function checksum(packet: string): string {
  const sum = Buffer.from(packet, 'latin1').reduce((total, byte) => (total + byte) % 256, 0);
  return sum.toString(16).padStart(2, '0');
}

function failed(why: string, cause?: unknown): QemuError {
  return new QemuError(
    'GDB_FAILED',
    `Cannot freeze the processor: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
