/** Medians and ratios: a benchmark of a shared machine says nothing else. */

/** The median of at least one number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('Cannot take the median: there is no value');
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** "median (lowest … highest)" in the unit given. */
export function spread(values: readonly number[], unit: string): string {
  const digits = unit === 's' ? 2 : 0;
  const [low, mid, high] = [Math.min(...values), median(values), Math.max(...values)];
  return `${mid.toFixed(digits)} ${unit} (${low.toFixed(digits)} … ${high.toFixed(digits)})`;
}
