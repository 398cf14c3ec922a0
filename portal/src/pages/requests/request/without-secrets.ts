import { SECRET_MARKER } from '@guichet/contract';

/** An input without the fields whose values are kept secret: they are typed anew. Of a list the place stays. */
export function withoutSecrets(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input)
      .filter(([, value]) => !isSecret(value))
      .map(([name, value]) => [name, cleaned(value)]),
  );
}

const isSecret = (value: unknown): boolean => typeof value === 'string' && value.includes(SECRET_MARKER);

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => (isSecret(item) ? '' : cleaned(item)));
  if (typeof value !== 'object' || value === null) return value;
  return withoutSecrets(value as Record<string, unknown>); // an object of JSON
}
