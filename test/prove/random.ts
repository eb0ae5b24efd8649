/** Numbers that look random and come from a seed, so that a run can be repeated (mulberry32). */

export interface Random {
  /** An integer from 0 to below `limit`. */
  below(limit: number): number;
  scramble(bytes: Uint8Array): void;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    scramble(bytes) {
      for (let at = 0; at < bytes.length; at += 1) bytes[at] = next();
    },
  };
}
