/** A JSON Schema (draft 2020-12) that is an object; `true` and `false` are read as `{}`. */
export type Schema = Readonly<Record<string, unknown>>;

/** References that lead to themselves end here. */
const MOST_STEPS = 32;

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema that says the same without a reference and without `allOf` at its top: what it leads to, and what stands beside. */
export function resolved(schema: unknown, root: Schema, steps = 0): Schema {
  if (!isSchema(schema) || steps > MOST_STEPS) return {};
  const { $ref: reference, ...beside } = schema;
  const whole =
    typeof reference === 'string' ? merged(resolved(targetOf(reference, root), root, steps + 1), beside) : (beside as Schema);
  const { allOf: parts, ...own } = whole;
  if (!Array.isArray(parts)) return whole;
  return [...parts.map((part) => resolved(part, root, steps + 1)), own].reduce(merged);
}

/** What a reference inside of the document leads to; undefined when it leads nowhere, or outside. */
export function targetOf(reference: string, root: Schema): unknown {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return anchored(reference, root);
  let at: unknown = root;
  for (const part of decodeURIComponent(reference.slice(2)).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = Array.isArray(at) ? at[Number(name)] : isSchema(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return at;
}

function anchored(reference: string, root: Schema): unknown {
  const defs = isSchema(root['$defs']) ? Object.values(root['$defs']) : [];
  return defs.find(
    (schema) => isSchema(schema) && (`#${String(schema['$anchor'])}` === reference || schema['$id'] === reference),
  );
}

/** Words of which two say something that one could not. */
const UNIONS = ['anyOf', 'oneOf'] as const;
/** Set by `merged` when a schema says more than a form can draw at this place. */
export const UNDRAWABLE = Symbol('undrawable');

/** A schema for what both take. `next` has the last word on what only describes. */
function merged(first: Schema, next: Schema): Schema {
  const both: Record<string | symbol, unknown> = { ...first, ...next };
  const names = [first['properties'], next['properties']].filter(isSchema);
  if (names.length === 2) {
    const [left = {}, right = {}] = names;
    both['properties'] = Object.fromEntries(
      [...new Set([...Object.keys(left), ...Object.keys(right)])].map((name) => [
        name,
        name in left && name in right ? { allOf: [left[name], right[name]] } : (left[name] ?? right[name]),
      ]),
    );
  }
  if (Array.isArray(first['required']) && Array.isArray(next['required']))
    both['required'] = [...new Set([...first['required'], ...next['required']])];
  if (Array.isArray(first['enum']) && Array.isArray(next['enum'])) {
    const taken = next['enum'];
    both['enum'] = first['enum'].filter((value) => taken.includes(value));
  }
  if (first['writeOnly'] === true) both['writeOnly'] = true; // no part may uncover what another calls secret
  if (UNIONS.some((word) => word in first) && UNIONS.some((word) => word in next)) both[UNDRAWABLE] = true;
  return both;
}
