/** Sizes as people write them in definitions: `120 KiB`, `6 MiB`. */
export type SizeText = `${number} ${'B' | 'KiB' | 'MiB' | 'GiB'}`;

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** What a size looks like, for errors. */
export const SIZE_HINT = 'Write it like 120 KiB or 5.5 MiB.';

/** Bytes; nothing for what is no size. */
export function bytesOf(size: SizeText): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) (B|KiB|MiB|GiB)$/.exec(size) ?? [];
  const factor = UNITS[unit];
  return number === undefined || factor === undefined ? undefined : Math.round(Number(number) * factor);
}
