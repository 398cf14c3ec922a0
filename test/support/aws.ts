/** What callers sign that they call. */
export const GATEWAY = 'https://guichet.example.com';
export const ACCOUNT = '123456789012';

/** The configuration of a gateway that takes callers of AWS, and asks these servers who they are. */
export function withAws(hosts: string[]): Record<string, unknown> {
  const map = [
    {
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/*`,
      machine: 'ci-checkout',
      scope: { actions: ['lab.*'], environments: ['staging'] },
      ttl: '5m',
    },
    { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Developer_*/{person}`, person: '{person}' },
    {
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/operate/{person}`,
      machine: 'ci-checkout',
      scope: { actions: ['lab.*'] },
      onBehalfOf: '{person}',
    },
    { arn: `arn:aws:iam::${ACCOUNT}:user/ops/marta-laptop`, person: 'marta', scope: { actions: ['lab.look'] }, ttl: '10m' },
  ];
  return { publicUrl: GATEWAY, identity: { aws: { hosts, map } } };
}
