import { type FieldError, Slug } from '@guichet/contract';
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { literalStart } from '../assertions/glob.ts';
import { isOwnMachine } from '../assertions/own-machine.ts';
import { machineFields, unknownEnvironments } from '../assertions/token-rule.ts';

/** Signatures by a private key alone: with a secret that both sides know, whoever can check a token can make one. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

/** Claims that every token of an issuer has alike, or that say nothing of who it is for. */
const SAYS_NOTHING = ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti'];

/**
 * Issuers that vouch for anybody who signs up, for whatever audience they ask. A rule for one of them must say whose
 * project it is: by one of these claims, whole or at least up to the slash after the owner.
 */
const OPEN_TO_ALL: Readonly<Record<string, readonly string[]>> = {
  'https://gitlab.com': ['sub', 'project_path', 'project_id', 'namespace_path', 'namespace_id'],
  'https://token.actions.githubusercontent.com': [
    'sub',
    'repository',
    'repository_id',
    'repository_owner',
    'repository_owner_id',
  ],
};

const text = z.union([z.string().min(1).max(500), z.boolean().transform(String), z.int().transform(String)]);
const condition = z.union([text.transform((one) => [one]), z.array(text).min(1).max(100)]);

const Rule = z.strictObject({
  claims: z
    .record(z.string().min(1).max(200), condition)
    .describe('What the token must say, all of it: a claim by its name, or by a JSON pointer such as /kubernetes.io/namespace'),
  ...machineFields,
  onBehalfOf: z
    .strictObject({
      claim: z.string().min(1).max(200),
      is: z.enum(['email', 'name']).default('email').describe('What the claim says of the person'),
    })
    .optional()
    .describe('The person who started the job: they stand behind what it asks for, and do not approve it'),
});

const Workload = z.strictObject({
  name: Slug.describe('What tokens and logs call it'),
  issuer: z.url({ protocol: /^https?$/ }).describe('The `iss` of its tokens, letter by letter'),
  audience: z
    .union([
      z
        .string()
        .min(1)
        .transform((one) => [one]),
      z.array(z.string().min(1)).min(1),
    ])
    .describe('The `aud` that tokens for this gateway have'),
  jwksUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where its keys are, when its discovery document does not say'),
  jwksFile: z.string().min(1).optional().describe('A file of its keys: nothing is asked over the network'),
  caFile: z
    .string()
    .min(1)
    .optional()
    .describe('Certificates (PEM) that its server is known by, instead of those of the machine'),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(['RS256', 'ES256', 'EdDSA']),
  maxAge: Duration.refine((ms) => ms <= 86_400_000, 'must be at most 24h')
    .prefault('1h')
    .describe('A token that was issued longer ago is not taken'),
  reusable: z.boolean().default(false).describe('Take the same token more than once'),
  rules: z.array(Rule).min(1).max(200).describe('The first one that fits counts'),
});

export const WorkloadsConfig = z.array(Workload).max(50).default([]);
export type Workload = z.output<typeof Workload>;
export type WorkloadRule = Workload['rules'][number];

/** What no field says alone. */
export function workloadFindings(workloads: readonly Workload[], environments: readonly string[]): FieldError[] {
  const at = '/identity/workloads';
  return workloads.flatMap((workload, index) => [
    ...twice(workloads, index, 'name'),
    ...twice(workloads, index, 'issuer'),
    ...(['issuer', 'jwksUri'] as const)
      .filter((field) => isOpen(workload[field]))
      .map((field) => ({
        field: `${at}/${index}/${field}`,
        message: 'must be https',
        remedy: 'Whoever is on the way could hand out keys of their own. Plain http is for this machine alone.',
      })),
    ...(workload.jwksFile !== undefined && (workload.jwksUri !== undefined || workload.caFile !== undefined)
      ? [{ field: `${at}/${index}/jwksFile`, message: 'stands beside what it replaces', remedy: 'Leave jwksUri and caFile out.' }]
      : []),
    ...workload.rules.flatMap((rule, place) =>
      ruleFindings(rule, { workload, environments, field: `${at}/${index}/rules/${place}` }),
    ),
  ]);
}

function twice(workloads: readonly Workload[], index: number, field: 'name' | 'issuer'): FieldError[] {
  const values = workloads.map((workload) => workload[field]);
  const value = values[index] ?? '';
  if (values.indexOf(value) === index) return [];
  return [
    {
      field: `/identity/workloads/${index}/${field}`,
      message: `'${value}' stands twice`,
      remedy: field === 'name' ? 'Give each its own.' : 'Put all of its rules into one entry.',
    },
  ];
}

const isOpen = (address: string | undefined): boolean =>
  address !== undefined && new URL(address).protocol === 'http:' && !isOwnMachine(new URL(address));

function ruleFindings(
  rule: WorkloadRule,
  { workload, environments, field }: { workload: Workload; environments: readonly string[]; field: string },
): FieldError[] {
  const telling = Object.entries(rule.claims).filter(
    ([claim, conditions]) => !SAYS_NOTHING.includes(claim.replace(/^\//, '')) && conditions.every((one) => /[^*/:]/.test(one)),
  );
  const findings = unknownEnvironments(rule.scope, { field: `${field}/scope`, environments });
  if (telling.length === 0)
    return [
      ...findings,
      {
        field: `${field}/claims`,
        message: 'would admit every token of the issuer',
        remedy: 'Name a claim that says whose job it is, such as sub.',
      },
    ];
  const owners = OPEN_TO_ALL[workload.issuer.replace(/\/$/, '')];
  if (owners === undefined) return findings;
  if (telling.some(([claim, conditions]) => owners.includes(claim) && conditions.every(namesOwner))) return findings;
  return [
    ...findings,
    {
      field: `${field}/claims`,
      message: `would admit projects of anybody at ${workload.issuer}`,
      remedy: `Say whose they are, at least up to the slash: one of ${owners.join(', ')}.`,
    },
  ];
}

// The owner is whole when the text before the first star has a slash behind it.
function namesOwner(pattern: string): boolean {
  const start = literalStart(pattern);
  return start === pattern || /^(?:[a-z_]+:)?[^/:]+\//.test(start);
}
