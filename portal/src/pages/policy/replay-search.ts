export const DAYS = [7, 30, 90, 365] as const;
export type Days = (typeof DAYS)[number];

export interface ReplaySearch {
  readonly days?: Days;
}

export function readReplaySearch(search: Readonly<Record<string, unknown>>): ReplaySearch {
  const days = DAYS.find((known) => known === Number(search['days']));
  return days === undefined ? {} : { days };
}
