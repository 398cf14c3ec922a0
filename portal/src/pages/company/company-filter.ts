/** What a list of people or things shows, as it stands in its address. */
export interface CompanyFilter {
  readonly search?: string;
  readonly team?: string;
}

export function readCompanyFilter({ search, team }: Readonly<Record<string, unknown>>): CompanyFilter {
  const typed = textOf(search);
  const name = textOf(team);
  return { ...(typed !== undefined && { search: typed }), ...(name !== undefined && { team: name }) };
}

/** An address that says `search=42` is read as a number. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined;

/** True when one of the texts contains what was typed, capitals and accents or not. */
export function includesWord(typed: string, ...texts: readonly (string | null)[]): boolean {
  const wanted = plain(typed.trim());
  return wanted === '' || texts.some((text) => text !== null && plain(text).includes(wanted));
}

const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
