/** JSON that depends on what a value holds and not on the order in which it was put together. */
import { createHash } from 'node:crypto';

/** JSON with the members of every object sorted by name. Members that are undefined are left out, as JSON does. */
export function stableJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_, member: unknown) =>
      member !== null && typeof member === 'object' && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : member,
    indent,
  );
}

/** Lower-case hexadecimal. */
export function sha256Of(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
