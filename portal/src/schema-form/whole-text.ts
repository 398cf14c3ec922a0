import { SECRET_MARKER } from '@guichet/contract';
import { type Parted, putBack, SecretFields } from '@guichet/contract/secrets';
import { isSchema, type Schema } from './schema.ts';
import type { Input } from './value.ts';

/** The secret fields of a schema; undefined when it has none. A schema that hides where they are is taken by no gateway. */
export function secretsOf(schema: Schema): SecretFields | undefined {
  try {
    return SecretFields.of(schema);
  } catch {
    return undefined;
  }
}

/** An input, and what of it is secret. */
export const apart = (schema: Schema, input: Input): Parted =>
  secretsOf(schema)?.takeOut(input) ?? { shown: input, rest: input, secrets: [] };

/** A text of the whole input, in which secrets are marked. */
export function asText(schema: Schema, input: Input): string {
  return JSON.stringify(apart(schema, input).shown, null, 2);
}

/** The input that a text says, with the secrets of `before` where their marks still stand; undefined when it says none. */
export function fromText(schema: Schema, text: string, before: Input): Input | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isSchema(read)) return undefined;
  const secrets = secretsOf(schema);
  if (secrets === undefined) return read;
  const marked = new Set(
    secrets
      .takeOut(read)
      .secrets.filter(({ value }) => value === SECRET_MARKER)
      .map(({ pointer }) => pointer),
  );
  return putBack(
    read,
    secrets.takeOut(before).secrets.filter(({ pointer }) => marked.has(pointer)),
  );
}
