/** "Did you mean pid?" when something known is at most two edits away, else the list of what is known. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = word.length > 200 ? undefined : nearestOf(word.toLowerCase(), known);
  if (nearest !== undefined) return `Did you mean ${nearest}?`;
  return known.length > 12 ? undefined : `Known: ${known.join(', ')}.`;
}

function nearestOf(word: string, known: readonly string[]): string | undefined {
  const allowed = Math.min(2, Math.floor(word.length / 2));
  return known
    .map((name) => ({ name, distance: editDistance(word, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance)[0]?.name;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
