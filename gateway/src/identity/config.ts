import { type FieldError, Slug } from '@guichet/contract';
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { AwsConfig, type AwsSettings } from './aws/config.ts';
import { type Workload, WorkloadsConfig } from './workloads/config.ts';

const OidcConfig = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }).describe('The address of the identity provider, as it calls itself'),
  clientId: z.string().min(1),
  clientSecretFromEnv: z.string().min(1).optional().describe('The environment variable with the secret of the client'),
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)).default(['openid', 'profile', 'email']),
  person: z
    .strictObject({
      claim: z.string().min(1).default('email').describe('What says who it is: email finds a person by it, all others by name'),
      trustUnverifiedEmail: z.boolean().default(false),
    })
    .prefault({}),
  groups: z
    .strictObject({
      claim: z.string().min(1).default('groups'),
      teams: z.record(z.string(), Slug).describe('The team that each group stands for'),
    })
    .optional(),
  admit: z.enum(['listed', 'everyone']).default('listed').describe('Those of the company file, or whoever the provider knows'),
});

/** The section `identity` of the configuration; docs/guide/sign-in.md describes it. */
export const IdentityConfig = z.strictObject({
  oidc: OidcConfig.optional(),
  session: z
    .strictObject({
      idle: Duration.prefault('12h').describe('A session ends when it is not used for so long'),
      absolute: Duration.prefault('7d').describe('and after this time at the latest'),
      access: Duration.prefault('15m').describe('How long a token of a command line is good until it is refreshed'),
    })
    .prefault({}),
  workloads: WorkloadsConfig.describe('CI jobs and workloads, by the tokens of their platforms; docs/guide/machines.md'),
  aws: AwsConfig.describe('Callers that AWS vouches for; docs/guide/machines.md'),
});

export type SessionLimits = z.output<typeof IdentityConfig>['session'];
export type OidcConfig = Omit<z.output<typeof OidcConfig>, 'clientSecretFromEnv'> & { readonly clientSecret: string | undefined };

/** The section with its secret looked up. */
export interface IdentitySettings {
  readonly oidc: OidcConfig | undefined;
  readonly session: SessionLimits;
  readonly workloads: readonly Workload[];
  readonly aws: AwsSettings | undefined;
}

/** What the section cannot say alone: whether people can sign in safely at the address that the gateway has. */
export function identityFindings({
  identity: { oidc, session },
  publicUrl,
  listen,
}: {
  readonly identity: z.output<typeof IdentityConfig>;
  readonly publicUrl?: string | undefined;
  readonly listen: { readonly host: string };
}): FieldError[] {
  const longest: FieldError[] =
    session.access > session.absolute || session.idle > session.absolute
      ? [
          {
            field: '/identity/session/absolute',
            message: 'must be the longest of the three',
            remedy: 'Raise it, or lower the others.',
          },
        ]
      : [];
  if (oidc === undefined) return longest;
  const findings = longest;
  if (isOpen(new URL(oidc.issuer)))
    findings.push({
      field: '/identity/oidc/issuer',
      message: 'must be https',
      remedy: 'Without it anybody on the way could sign in as anybody. Plain http is for this machine alone.',
    });
  const own = publicUrl ?? `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}`;
  const url = URL.canParse(own) ? new URL(own) : undefined;
  if (url === undefined || isOpen(url))
    findings.push({
      field: '/publicUrl',
      message: 'must be the https address at which browsers reach the gateway, when people sign in',
      remedy: 'Put the gateway behind TLS. Plain http is for this machine alone.',
    });
  else if (url.pathname !== '/' || url.search !== '')
    findings.push({
      field: '/publicUrl',
      message: 'must be a host alone, when people sign in',
      remedy: 'Give the gateway a host name of its own.',
    });
  return findings;
}

/** Plain HTTP to another machine. */
const isOpen = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);

/** The section with the secret that its environment variable holds. */
export function resolveIdentity(
  { oidc, session, workloads, aws }: z.output<typeof IdentityConfig>,
  variable: (name: string, field: string) => string,
): IdentitySettings {
  if (oidc === undefined) return { oidc: undefined, session, workloads, aws };
  const { clientSecretFromEnv: name, ...rest } = oidc;
  const clientSecret = name === undefined ? undefined : variable(name, '/identity/oidc/clientSecretFromEnv');
  return { oidc: { ...rest, clientSecret }, session, workloads, aws };
}
