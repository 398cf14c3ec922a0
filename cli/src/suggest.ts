/** What was probably meant: the nearest of the known words, when it is near enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  if (best !== undefined && best.distance <= Math.max(1, Math.min(3, Math.floor(word.length / 3)))) return best.name;
  const longer = known.filter((name) => name.startsWith(word));
  return word.length > 1 && longer.length === 1 ? longer[0] : undefined;
}

/** "Did you mean 'x'?", or the list of what is known when it is short. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const name = nearest(word, known);
  if (name !== undefined) return `Did you mean ${name}?`;
  return known.length > 0 && known.length <= 12 ? `One of: ${known.join(', ')}.` : undefined;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j - 1] ?? 0) + (same ? 0 : 1), (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
