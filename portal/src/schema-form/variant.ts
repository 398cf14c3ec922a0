import { checkOf } from './findings.ts';
import { isSchema, type Schema } from './schema.ts';
import { constantsOf, describedBy, type Variant } from './shape.ts';
import { initialValue } from './value.ts';

/** Which of several shapes a value has: the one whose constants it holds, else the first that it is valid for. */
export function variantOf(value: unknown, variants: readonly Variant[], root: Schema): number | undefined {
  if (value === undefined || value === null) return undefined;
  const tagged = isSchema(value)
    ? variants.findIndex(({ schema }) => {
        const constants = [...constantsOf(schema, root)];
        return constants.length > 0 && constants.every(([name, constant]) => value[name] === constant);
      })
    : -1;
  if (tagged !== -1) return tagged;
  const valid = variants.findIndex(({ schema }) => fits(value, schema, root));
  return valid === -1 ? undefined : valid;
}

/** What a value becomes when another shape is chosen: what fits is kept, the rest begins anew. */
export function carriedOver(value: unknown, schema: Schema, root: Schema): unknown {
  const fresh = initialValue(schema, root);
  const { shape } = describedBy(schema, root);
  if (shape.kind !== 'object' || !isSchema(value))
    return value !== undefined && value !== null && fits(value, schema, root) ? value : fresh;
  const kept = shape.members.flatMap((member) => {
    const own = value[member.name];
    const isFixed = describedBy(member.schema, root).shape.kind === 'constant';
    return own !== undefined && !isFixed && fits(own, member.schema, root) ? [[member.name, own] as const] : [];
  });
  return { ...(isSchema(fresh) ? fresh : {}), ...Object.fromEntries(kept) };
}

function fits(value: unknown, schema: unknown, root: Schema): boolean {
  try {
    const whole: Schema = { ...(isSchema(schema) ? schema : {}), ...(root['$defs'] !== undefined && { $defs: root['$defs'] }) };
    return checkOf(whole)(value).length === 0;
  } catch {
    return false;
  }
}
