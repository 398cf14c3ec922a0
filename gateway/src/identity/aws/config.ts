import { type FieldError, Slug, TokenScope } from '@guichet/contract';
import { z } from 'zod';
import { isOwnMachine } from '../assertions/own-machine.ts';
import { machineFields, Ttl, unknownEnvironments } from '../assertions/token-rule.ts';

/** The regions that every account of the partition `aws` may use; others (China, GovCloud, VPC endpoints) are listed by hand. */
const REGIONS = [
  ...['af-south-1', 'ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1', 'ap-south-2'],
  ...['ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-7'],
  ...['ca-central-1', 'ca-west-1', 'eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2'],
  ...['eu-west-1', 'eu-west-2', 'eu-west-3', 'il-central-1', 'me-central-1', 'me-south-1', 'mx-central-1', 'sa-east-1'],
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'],
];
const HOSTS = ['sts.amazonaws.com', ...REGIONS.map((region) => `sts.${region}.amazonaws.com`)];

/** What stands in an ARN for the one who calls. */
export const PERSON = '{person}';

/** A host as it is written in lower case, or the whole origin where it is not https on its usual port. */
const Host = z
  .string()
  .regex(/^(?:https?:\/\/)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?$/, 'must be a host in lower case, without a path')
  .transform((host) => (host.includes('://') ? host : `https://${host}`))
  .refine((origin) => URL.canParse(origin) && new URL(origin).origin === origin, 'must be a host as an address has it')
  .refine(
    (origin) => origin.startsWith('https:') || !URL.canParse(origin) || isOwnMachine(new URL(origin)),
    'must be https; plain http is for this machine alone',
  );

/** Account and partition stand as they are; `*` is one part of a name or path, or the rest of one. */
const Arn = z
  .string()
  .max(500)
  .regex(
    /^arn:aws(?:-cn|-us-gov)?:(?:sts|iam)::[0-9]{12}:(?:root|(?:assumed-role|federated-user|user)\/[\w+=,.@/*{}-]+)$/,
    'must be an ARN of a caller with its account in full, such as arn:aws:sts::123456789012:assumed-role/deploy/*',
  )
  .refine((arn) => !arn.includes('**'), 'must not have two stars together')
  .refine((arn) => !/[{}]/.test(arn.replace(/\/\{person\}$/, '')), `may end in /${PERSON}, and have no other braces`)
  .refine((arn) => !/:assumed-role\/(?:\*|\{)/.test(arn), 'must name the role, or at least how its name begins')
  .describe('The callers it is for');

const Name = z.union([Slug, z.literal(PERSON)]);
const MachineRule = z.strictObject({
  arn: Arn,
  ...machineFields,
  onBehalfOf: Name.optional().describe('The person who stands behind what the machine asks for, and does not approve it'),
});
const PersonRule = z.strictObject({
  arn: Arn,
  person: Name.describe(`Who it is: a name, or ${PERSON} for the last part of the ARN (a name or an e-mail address)`),
  scope: TokenScope.strict().default({}),
  ttl: Ttl.prefault('1h'),
});

export const AwsConfig = z
  .strictObject({
    hosts: z
      .array(Host)
      .min(1)
      .default(HOSTS.map((host) => `https://${host}`))
      .describe('The servers of STS that are asked'),
    map: z
      .array(z.union([MachineRule, PersonRule]))
      .min(1)
      .max(500)
      .describe('Who each caller is: the first one that fits'),
  })
  .optional();
export type AwsSettings = NonNullable<z.output<typeof AwsConfig>>;
export type ArnRule = AwsSettings['map'][number];

/** What no field says alone. */
export function awsFindings(
  aws: AwsSettings | undefined,
  { environments, publicUrl }: { readonly environments: readonly string[]; readonly publicUrl?: string | undefined },
): FieldError[] {
  // Callers sign the address of the gateway that they call. That of the machine it runs on is the same for many gateways.
  const nameless: FieldError[] =
    aws === undefined || publicUrl !== undefined
      ? []
      : [
          {
            field: '/publicUrl',
            message: 'is required with identity.aws: callers sign it, so that no other gateway can use what they sign',
            remedy: 'Set it to the address at which callers reach this gateway, such as https://guichet.example.com.',
          },
        ];
  const rules = (aws?.map ?? []).flatMap((rule, index) => {
    const field = `/identity/aws/map/${index}`;
    const wanted = 'person' in rule ? rule.person : rule.onBehalfOf;
    const findings = unknownEnvironments(rule.scope, { field: `${field}/scope`, environments });
    if ((wanted === PERSON) === rule.arn.endsWith(PERSON)) return findings;
    const message = wanted === PERSON ? `must end in /${PERSON}` : `ends in ${PERSON}, and nothing uses it`;
    return [...findings, { field: `${field}/arn`, message, remedy: `Write ${PERSON} in both places, or in none.` }];
  });
  return [...nameless, ...rules];
}
