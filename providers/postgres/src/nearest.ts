/** The known word that was probably meant, when one is near enough: at most a third of it differs. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  const limit = Math.max(1, Math.floor(word.length / 3));
  return best !== undefined && best.distance <= limit ? best.name : undefined;
}

/** True when the letters of the query are in the text in their order, as fuzzy pickers match. */
export function matchesFuzzily(query: string, text: string): boolean {
  const wanted = Array.from(query.toLowerCase().replaceAll(/\s/g, ''));
  let at = 0;
  const lower = text.toLowerCase();
  for (const letter of wanted) {
    at = lower.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** Insertions, deletions and substitutions that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const substituted = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    last = row;
  }
  return last[to.length] ?? 0;
}
