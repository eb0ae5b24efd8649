/**
 * What the processor of an image cannot run is refused: the sandbox's plain `cc` makes programs for the machine that builds, and
 * its kernel would start them all the same. Decides no byte, so it is in no key.
 */
import { TARGETS, type Target } from '../define/target.ts';
import { SlicesError } from '../errors.ts';
import type { GraphNode } from '../graph/graph.ts';
import { isBelow, type Member } from '../layer/members.ts';

/** What of an ELF file's head says who runs it (elf(5)). */
interface Machine {
  readonly number: number;
  readonly bits: number;
  readonly isBig?: boolean;
}

const MACHINES: Readonly<Record<Target, Machine>> = {
  x86_64: { number: 62, bits: 64 },
  aarch64: { number: 183, bits: 64 },
  riscv64: { number: 243, bits: 64 },
  armv7: { number: 40, bits: 32 },
};
const I386 = 3;

/** Who is not root has to change the mode of such a file to read it, and layers would come out otherwise than for root. */
const OWNER_READS = 0o400;
/** Firmware is for other processors. */
const FIRMWARE = ['lib/firmware', 'usr/lib/firmware'];

/**
 * Looks at the programs and libraries of an image's layer. Objects pass, for BPF programs are such, and so does what its owner
 * may not read.
 *
 * @throws SlicesError `OUTPUT_INVALID` for the first that the node's platform cannot run
 */
export async function assertMachine(node: GraphNode, members: readonly Member[]): Promise<void> {
  const { platform } = node;
  if (platform === 'host') return;
  for (const { path, mode, what } of members) {
    if (what.type !== 'file' || (mode & OWNER_READS) === 0) continue;
    if (FIRMWARE.some((prefix) => isBelow(path, prefix))) continue;
    const machine = machineOf(await what.read());
    if (machine === undefined || isSame(machine, MACHINES[platform])) continue;
    const [where, found] = [`/out/${path}`, nameOf(machine)];
    throw new SlicesError(
      'OUTPUT_INVALID',
      `Cannot use the build of ${node.id}: ${where} is a program for ${found}, not for ${platform}`,
      {
        hint: 'Compile it with "$CC", which tools(target) of slices/musl/compile.ts sets: plain cc makes programs for the machine that builds.',
        facts: { node: node.id, path: where, found, expected: platform },
      },
    );
  }
}

const MAGIC = Buffer.from('\u007FELF', 'latin1');
const [CLASS, DATA, TYPE, MACHINE, HEAD] = [4, 5, 16, 18, 20];
const BIG_ENDIAN = 2;
const WORD_BITS = 32;
/** `ET_EXEC` and `ET_DYN`. */
const RUNNABLE = [2, 3];

function machineOf(bytes: Uint8Array): Machine | undefined {
  const head = Buffer.from(bytes.subarray(0, HEAD));
  if (head.length < HEAD || !head.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const isBig = head.readUInt8(DATA) === BIG_ENDIAN;
  const half = (at: number): number => (isBig ? head.readUInt16BE(at) : head.readUInt16LE(at));
  if (!RUNNABLE.includes(half(TYPE))) return undefined;
  return { number: half(MACHINE), bits: head.readUInt8(CLASS) * WORD_BITS, isBig };
}

function isSame(one: Machine, two: Machine): boolean {
  return one.number === two.number && one.bits === two.bits && one.isBig !== true;
}

function nameOf({ number, bits, isBig }: Machine): string {
  const target = TARGETS.find((each) => MACHINES[each].number === number);
  const name = target ?? (number === I386 ? 'i386' : `ELF machine ${number}`);
  const odd = target !== undefined && MACHINES[target].bits !== bits ? ` with ${bits} bits` : '';
  return `${name}${odd}${isBig === true ? ', big-endian' : ''}`;
}
