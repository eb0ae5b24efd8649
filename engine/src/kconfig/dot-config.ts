/** Reads a finished `.config`. */

const LINE = /^(?:CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set)$/gm;

/** Each symbol's value as it stands there; `n` for one that is "not set". What the file does not name is not in the map. */
export function readDotConfig(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [, on, value = 'n', off] of text.matchAll(LINE)) values.set(on ?? off ?? '', value);
  return values;
}

/** A number as `.config` and Kconfig files have it, or `undefined`. `base` as the symbol's type wants it. */
export function numberIn(text: string, base: 10 | 16 | 'any'): bigint | undefined {
  const [, sign, digits] = /^([+-]?)((?:0x)?[0-9a-f]+)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const prefixed = /^0x/i.test(digits);
  if (!prefixed && base !== 16 && !/^\d+$/.test(digits)) return undefined;
  if (prefixed && base === 10) return undefined;
  const value = BigInt(prefixed || base !== 16 ? digits : `0x${digits}`);
  return sign === '-' ? -value : value;
}

/** Whether two values mean the same: `0x1000` and `0X1000`, but not `0x10` and `10`. */
export function sameValue(one: string, other: string): boolean {
  if (one === other) return true;
  if (/^0x/i.test(one) !== /^0x/i.test(other)) return false;
  const number = numberIn(one, 'any');
  return number !== undefined && number === numberIn(other, 'any');
}
