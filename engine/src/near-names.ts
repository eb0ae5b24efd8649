/** Names that someone may have meant. */

const MOST = 3;

/** Up to three of `names` that differ from `name` by at most two letters (one, when it is short), or that hold it; nearest first. */
export function nearNames(name: string, names: Iterable<string>): readonly string[] {
  const limit = name.length < 6 ? 1 : 2;
  const found: { readonly name: string; readonly distance: number }[] = [];
  for (const candidate of names) {
    const distance = editDistance(name, candidate, limit);
    if (distance <= limit) found.push({ name: candidate, distance });
    else if (name.length > 4 && isPart(name, candidate)) {
      found.push({ name: candidate, distance: limit + candidate.length - name.length });
    }
  }
  return found
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MOST)
    .map((near) => near.name);
}

/** "Did you mean …? ", or nothing when no name is near. */
export function didYouMean(name: string, names: Iterable<string>): string {
  const near = nearNames(name, names);
  return near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `;
}

function isPart(name: string, candidate: string): boolean {
  return candidate.startsWith(`${name}_`) || candidate.endsWith(`_${name}`);
}

/** Letters to insert, remove, replace or swap with the next; a number above `limit` when it is more than that. */
export function editDistance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    if (Math.min(...current) > limit) return limit + 1;
    [beforeLast, last] = [last, current];
  }
  return last[other.length] ?? 0;
}
