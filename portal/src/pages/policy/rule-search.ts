export interface RuleSearch {
  /** Words that must all be there. */
  readonly q?: string;
}

export function readRuleSearch({ q }: Readonly<Record<string, unknown>>): RuleSearch {
  return (typeof q === 'string' && q !== '') || typeof q === 'number' ? { q: String(q) } : {};
}
