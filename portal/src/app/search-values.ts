/** How readers of addresses take one value: what somebody has typed there and is none is undefined. */

/** The router reads `q=42` as a number. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined;

export const flagOf = (value: unknown): true | undefined => (value === true ? true : undefined);

export const oneOf = <Value>(known: readonly Value[], value: unknown): Value | undefined => known.find((own) => own === value);

/** The members that are there: what is undefined has no place in an address. */
export function present<Fields extends object>(fields: Fields): Present<Fields> {
  // What is left out was undefined, so what is left is as Present says.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
