import type { Issuer } from './issuer.ts';

/** What tokens for the gateways of the tests are for. */
export const AUDIENCE = 'https://guichet.example.com';
/** What GitLab says of a job. */
export const JOB = {
  sub: 'project_path:acme/orders:ref_type:branch:ref:main',
  project_path: 'acme/orders',
  ref_protected: 'true',
};

/** An entry of `identity.workloads` with several rules. */
export const gitlab = ({ url }: Issuer) => ({
  name: 'gitlab',
  issuer: url,
  audience: AUDIENCE,
  rules: [
    {
      claims: { project_path: 'acme/orders', ref_protected: true },
      machine: 'ci-checkout',
      scope: { actions: ['lab.*'], environments: ['staging'] },
      ttl: '10m',
    },
    {
      claims: { project_path: 'acme/*' },
      machine: 'ci-checkout',
      scope: { actions: ['lab.look'] },
      onBehalfOf: { claim: 'user_email' },
    },
    {
      claims: { sub: ['project_path:other/**'] },
      machine: 'ci-checkout',
      scope: { actions: ['lab.change-with-sre', 'lab.look'] },
    },
    {
      claims: { project_path: 'shop/tools', environment: ['staging', 'review/*'] },
      machine: 'ci-checkout',
      scope: { actions: ['lab.*'] },
      onBehalfOf: { claim: 'user_email' },
    },
  ],
});
/** One with claims inside of others, whose tokens may be used again. */
export const kubernetes = ({ url }: Issuer) => ({
  name: 'cluster',
  issuer: url,
  audience: ['guichet', AUDIENCE],
  jwksUri: `${url}/keys`,
  reusable: true,
  rules: [
    {
      claims: { '/kubernetes.io/namespace': 'orders', '/kubernetes.io/serviceaccount/name': 'worker' },
      machine: 'ci-checkout',
      scope: { environments: ['staging'] },
    },
  ],
});
