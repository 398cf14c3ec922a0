import { SECRET_MARKER } from '@guichet/contract';
import { putBack, SecretFields } from '@guichet/contract/secrets';
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

/** A text of the whole input, in which secrets are marked. */
export function asText(schema: Schema, input: Input): string {
  return JSON.stringify(secretsOf(schema)?.takeOut(input).shown ?? input, null, 2);
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
