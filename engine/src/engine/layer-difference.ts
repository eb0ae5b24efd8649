/** The first place at which two layers differ, in words. */
import { readLayer, type ReadMember } from '../layer/read-layer.ts';

/** Bytes that are shown around the first one that differs. */
const SHOWN = 24;

/** The first difference of two layers that differ, member by member. */
export async function firstDifference(one: string, two: string): Promise<string> {
  const [before, after] = [await readLayer(one), await readLayer(two)];
  const [first, second] = [byPath(before), byPath(after)];
  for (const path of [...new Set([...first.keys(), ...second.keys()])].toSorted()) {
    const [a, b] = [first.get(path), second.get(path)];
    if (a === undefined || b === undefined) {
      return `${path}: only in the ${a === undefined ? 'rebuilt' : 'stored'} layer`;
    }
    const found = memberDifference(a, b);
    if (found !== undefined) return `${path}: ${found}`;
  }
  return 'the same members stand in another order or are written in another way';
}

function byPath(members: readonly ReadMember[]): ReadonlyMap<string, ReadMember> {
  return new Map(members.map((member) => [member.path, member]));
}

function memberDifference(a: ReadMember, b: ReadMember): string | undefined {
  const fields = [
    ['type', a.what.type, b.what.type],
    ['mode', a.mode.toString(8), b.mode.toString(8)],
    ['owner', `${a.uid}:${a.gid}`, `${b.uid}:${b.gid}`],
    ['time', a.mtime, b.mtime],
    ['target', targetOf(a), targetOf(b)],
  ] as const;
  for (const [name, was, is] of fields) if (was !== is) return `${name} ${was} -> ${is}`;
  const offset = firstByte(a.bytes, b.bytes);
  if (offset === undefined) return undefined;
  const sizes =
    a.bytes.length === b.bytes.length ? '' : ` (of ${a.bytes.length} and ${b.bytes.length} bytes)`;
  return `byte ${offset}${sizes}: ${around(a.bytes, offset)} -> ${around(b.bytes, offset)}`;
}

function targetOf({ what }: ReadMember): string {
  return 'target' in what ? what.target : '';
}

function firstByte(a: Uint8Array, b: Uint8Array): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let offset = 0; offset < length; offset += 1) if (a[offset] !== b[offset]) return offset;
  return undefined;
}

/** The bytes from a place on: as text where they are, else in hexadecimal. */
function around(bytes: Uint8Array, offset: number): string {
  const part = Buffer.from(bytes.subarray(offset, offset + SHOWN));
  if (part.length === 0) return 'its end';
  const text = part.toString('latin1');
  return /^[\u0020-\u007E\n]+$/.test(text) ? JSON.stringify(text) : part.toString('hex');
}
