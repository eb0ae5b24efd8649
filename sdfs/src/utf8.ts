/**
 * UTF-8 in zero-padded fields of fixed size.
 *
 * `TextDecoder` and `TextEncoder` are not part of ECMAScript and the device's engine has neither, so this leans on
 * `decodeURIComponent` and `encodeURIComponent`, which are.
 */

/** The text up to its padding, or up to the first byte that is not UTF-8 (FORMAT.md §1). */
export function decodeUtf8(field: Uint8Array): string {
  const end = field.indexOf(0);
  const bytes = end < 0 ? field : field.subarray(0, end);
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      at += 1;
      continue;
    }
    const length = sequenceLength(lead);
    const character = decodeSequence(bytes.subarray(at, at + length));
    if (character === undefined) break;
    text += character;
    at += length;
  }
  return text;
}

/** `text` as exactly `size` bytes: cut at a character boundary, zero-padded. */
export function encodeUtf8(text: string, size: number): Uint8Array {
  const field = new Uint8Array(size);
  let used = 0;
  for (const character of text.toWellFormed()) {
    const bytes = encodeCharacter(character);
    if (used + bytes.length > size) break;
    field.set(bytes, used);
    used += bytes.length;
  }
  return field;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

function decodeSequence(bytes: Uint8Array): string | undefined {
  try {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return undefined;
  }
}

function encodeCharacter(character: string): Uint8Array {
  const escaped = encodeURIComponent(character);
  if (!escaped.startsWith('%')) return Uint8Array.of(character.charCodeAt(0));
  return Uint8Array.from(escaped.slice(1).split('%'), (digits) => Number.parseInt(digits, 16));
}

/** How many bytes `text` takes. */
export function utf8Length(text: string): number {
  let length = 0;
  for (const character of text.toWellFormed()) length += encodeCharacter(character).length;
  return length;
}
