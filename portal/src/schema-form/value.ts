import { isSchema, resolved, type Schema } from './schema.ts';
import { describedBy } from './shape.ts';

/** What was typed where it stands for no value: half a number, broken JSON. Nothing is sent while there is one. */
export class Unread {
  readonly text: string;
  readonly wanted: 'number' | 'whole' | 'json' | 'names' | 'duration';

  constructor(text: string, wanted: Unread['wanted']) {
    this.text = text;
    this.wanted = wanted;
  }
}

/** A value of a form: JSON in which parts may be missing (undefined), or unread. */
export type FormValue = unknown;
export type Input = Readonly<Record<string, unknown>>;

/** RFC 6901. */
export const step = (pointer: string, part: string | number): string =>
  `${pointer}/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The value as it would be sent: what is missing is left out, what is unread is the text that was typed. */
export function plain(value: FormValue): unknown {
  if (value instanceof Unread) return value.text;
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (!isSchema(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, plain(member)]])),
  );
}

/** Where something is unread, and what. */
export function unreadIn(value: FormValue, pointer = ''): [pointer: string, unread: Unread][] {
  if (value instanceof Unread) return [[pointer, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => unreadIn(member, step(pointer, name)));
}

/** Entries of lists that are there, and have no value yet. */
export function emptyIn(value: FormValue, pointer = ''): string[] {
  if (typeof value !== 'object' || value === null || value instanceof Unread) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = step(pointer, name);
    return member === undefined ? (Array.isArray(value) ? [at] : []) : emptyIn(member, at);
  });
}

/** What a form begins with: what must be there, what can be nothing else, and lists and objects that have a default. */
export function initialValue(schema: unknown, root: Schema, required = true): FormValue {
  const { shape, fallback, nullable } = describedBy(schema, root);
  if (shape.kind === 'constant') return required && !nullable ? shape.value : undefined;
  if (typeof fallback === 'object' && fallback !== null) return structuredClone(fallback);
  if (!required || nullable) return undefined;
  switch (shape.kind) {
    case 'object':
      return Object.fromEntries(
        shape.members.flatMap((member) => {
          const value = initialValue(member.schema, root, member.required);
          return value === undefined ? [] : [[member.name, value]];
        }),
      );
    case 'list':
      return Array.from({ length: Math.min(shape.least, 50) }, () => initialValue(shape.item, root));
    case 'tuple':
      return shape.items.map((item) => initialValue(item, root));
    case 'record':
      return {};
    default:
      return undefined;
  }
}

/** As the gateway does: fields that are missing get their defaults, in objects and lists, not inside of unions. */
export function withDefaults(schema: unknown, value: unknown, root: Schema): unknown {
  const whole = resolved(schema, root);
  if (Array.isArray(value))
    return value.map((item, index) => {
      const first = whole['prefixItems'];
      const own = Array.isArray(first) && index < first.length ? first[index] : whole['items'];
      return withDefaults(own, item, root);
    });
  if (!isSchema(value) || !isSchema(whole['properties'])) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [name, member] of Object.entries(whole['properties'])) {
    const fallback = resolved(member, root)['default'];
    if (filled[name] === undefined && fallback !== undefined) filled[name] = structuredClone(fallback);
    if (filled[name] !== undefined) filled[name] = withDefaults(member, filled[name], root);
  }
  return filled;
}
