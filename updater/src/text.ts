/**
 * UTF-8 for small texts. The device's engine has no `TextDecoder`, so what is not ASCII goes through
 * `decodeURIComponent`, which every engine has and which accepts well-formed UTF-8 only.
 */

/** Bytes handed to one call of `String.fromCharCode`, whose arguments live on the stack. */
const RUN = 4096;

/** The text, or `undefined` when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let at = 0; at < bytes.length; at += RUN) text += String.fromCharCode(...bytes.subarray(at, at + RUN));
  if (bytes.every((byte) => byte < 0x80)) return text;
  try {
    return decodeURIComponent(
      text.replaceAll(/[%\u0080-\u00FF]/g, (each) => `%${each.charCodeAt(0).toString(16).padStart(2, '0')}`),
    );
  } catch {
    return undefined;
  }
}

/** The bytes of a text of ASCII characters. */
export function encodeAscii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
