/** Words for a number: `plural('en', 2, { one: '# approval', other: '# approvals' })` is `2 approvals`. */
export function plural(language: 'en' | 'fr', count: number, words: { readonly one: string; readonly other: string }): string {
  // French says 0 and 1 in the singular, English 1 alone; both call everything else `other` (French `many` for millions too).
  const form = rulesOf[language].select(count) === 'one' ? words.one : words.other;
  return form.replaceAll('#', numberOf[language].format(count));
}

const rulesOf = { en: new Intl.PluralRules('en'), fr: new Intl.PluralRules('fr') };
const numberOf = { en: new Intl.NumberFormat('en'), fr: new Intl.NumberFormat('fr') };
