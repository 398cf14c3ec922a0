export const VIEWS = ['to-approve', 'mine', 'all'] as const;
export type View = (typeof VIEWS)[number];

/** What the list of requests shows, as it stands in its address. */
export interface RequestFilter {
  readonly view?: View;
}

export function readRequestFilter(search: Readonly<Record<string, unknown>>): RequestFilter {
  const view = VIEWS.find((known) => known === search['view']);
  return { ...(view !== undefined && { view }) };
}
