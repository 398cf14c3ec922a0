import type { ResponseOf } from '@guichet/client';
import { extendedMatch, Fzf } from 'fzf';
import type { CatalogueFilter } from './action-search.ts';

export type CatalogueAction = ResponseOf<'actions.list'>['items'][number];

/** Finds actions by what is typed: letters of the name and title in their order, several words in any. */
export function finderOf(actions: readonly CatalogueAction[]): (typed: string) => readonly CatalogueAction[] {
  const byName = new Fzf(actions, {
    selector: ({ id, title }) => `${title} ${id}`,
    match: extendedMatch,
    fuzzy: 'v1',
    limit: 500,
  });
  const plain = actions.map((action) => ({
    action,
    text: `${action.title} ${action.id} ${action.provider} ${action.team} ${action.description}`.toLowerCase(),
  }));
  return (typed) => {
    const wanted = typed.trim();
    if (wanted === '') return actions;
    const found = byName.find(wanted).map(({ item }) => item);
    // After these, those that say all of the words somewhere, such as in their description.
    const known = new Set(found);
    const words = wanted.toLowerCase().split(/\s+/);
    const said = plain.filter(({ action, text }) => !known.has(action) && words.every((word) => text.includes(word)));
    return [...found, ...said.map(({ action }) => action)];
  };
}

/** Those that the filter lets through; all but what is typed. */
export function filtered(
  actions: readonly CatalogueAction[],
  { kind, risk, provider, team, environment }: CatalogueFilter,
): readonly CatalogueAction[] {
  return actions.filter(
    (action) =>
      (kind === undefined || action.kind === kind) &&
      (risk === undefined || action.risk === risk) &&
      (provider === undefined || action.provider === provider) &&
      (team === undefined || action.team === team) &&
      (environment === undefined || action.environments === undefined || action.environments.includes(environment)),
  );
}

/** By provider, then by title: how a catalogue is read. */
export function inOrder(actions: readonly CatalogueAction[]): readonly CatalogueAction[] {
  return [...actions].sort((a, b) => a.provider.localeCompare(b.provider) || a.title.localeCompare(b.title));
}

/** The different values of a field, in order. */
export function valuesOf(actions: readonly CatalogueAction[], field: 'provider' | 'team'): string[] {
  return [...new Set(actions.map((action) => action[field]))].sort((a, b) => a.localeCompare(b));
}
