import { type FieldError, Slug, TokenScope } from '@guichet/contract';
import { Duration } from '../../duration.ts';
import { suggestion } from '../../findings/index.ts';

const LONGEST_MS = 3_600_000;

/** How long a token lives that an identity is exchanged for. */
export const Ttl = Duration.refine((ms) => ms <= LONGEST_MS, 'must be at most 1h');

/** What both kinds of rules say of the token of a machine. */
export const machineFields = {
  machine: Slug.describe('The machine of the company file that it is'),
  scope: TokenScope.strict()
    .refine(
      ({ actions, environments }) => actions !== undefined || environments !== undefined,
      'must name actions or environments',
    )
    .describe('What the token is narrowed to: actions, environments, or both'),
  ttl: Ttl.prefault('15m').describe('How long the token lives, at most 1h'),
};

/** Environments that a scope names and nobody has. */
export function unknownEnvironments(
  scope: TokenScope | undefined,
  { field, environments }: { field: string; environments: readonly string[] },
): FieldError[] {
  return (scope?.environments ?? []).flatMap((name, index) =>
    environments.includes(name)
      ? []
      : [{ field: `${field}/environments/${index}`, message: 'is no environment', remedy: suggestion(name, environments) }],
  );
}
