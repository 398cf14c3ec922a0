import type { ErrorCode } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type ConformanceCheck, type ConformanceSubject, check, must } from './conformance-check.ts';
import { type ConformanceClient, expectProblem, type Sending } from './conformance-client.ts';
import { generateGrantKey } from './grants.ts';

/** Calls that differ from a right one in one thing, and must be refused for it. */
export function refusals(client: ConformanceClient, { write, read }: ConformanceSubject): ConformanceCheck[] {
  const run = { sample: write, phase: 'run' } as const;
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
  const refused = (title: string, sending: () => Sending | Promise<Sending>, code: ErrorCode = 'grant.invalid', status = 401) =>
    check(title, async () => void (await expectProblem(await client.send(await sending()), code, status)));
  return [
    refused('refuses a call without a grant', () => ({ ...run, request: { headers: { authorization: '' } } })),
    refused('refuses a grant that is no token', () => ({
      ...run,
      request: { headers: { authorization: 'Bearer v4.public.none' } },
    })),
    refused('refuses a grant signed with a key that is not published', async () => ({
      ...run,
      key: await generateGrantKey('nobody'),
    })),
    refused('refuses a grant signed with another key under a published id', async () => ({
      ...run,
      key: await generateGrantKey(client.options.key.kid),
    })),
    refused('refuses an expired grant', () => ({ ...run, grant: { iat: ago(90), exp: ago(30) } })),
    refused('refuses a grant from the future', () => ({ ...run, grant: { iat: ago(-60), exp: ago(-120) } })),
    refused('refuses a grant that lives too long', () => ({ ...run, grant: { exp: ago(-3600) } })),
    refused('refuses a grant for another provider', () => ({ ...run, grant: { aud: 'somebody-else' } })),
    refused('refuses a grant for another action', () => ({ ...run, grant: { action: read.action } })),
    refused('refuses a grant for another phase', () => ({ ...run, grant: { phase: 'plan' } })),
    refused('refuses a body that was changed after the grant', () => ({
      ...run,
      grant: { body: digestOf({ environment: 'staging', input: { changed: true } }) },
    })),
    refused('refuses a grant for another environment', () => ({ ...run, grant: { environment: 'elsewhere' } })),
    refused('refuses the run of a write that belongs to no request', () => ({ ...run, grant: { request: null, run: null } })),
    refused(
      'refuses an action that it does not have',
      () => ({ sample: { ...write, action: 'no-such-action' }, phase: 'plan' }),
      'action.unknown',
      404,
    ),
    refused(
      'refuses another version of the action',
      () => ({ ...run, grant: { version: 'sha256:other' } }),
      'action.refused',
      422,
    ),
    refused('refuses to plan a read', () => ({ sample: read, phase: 'plan' }), 'action.not_writable', 409),
    refused(
      'refuses options for a field that has none',
      () => ({ sample: write, phase: 'options', body: { field: 'no-such-field' } }),
      'action.no_options',
      404,
    ),
  ];
}

/** Bodies that must be refused, or must not. */
export function bodies(client: ConformanceClient, { write }: ConformanceSubject): ConformanceCheck[] {
  const plan = { sample: write, phase: 'plan' } as const;
  return [
    check('refuses a body that is not JSON', async () => {
      await expectProblem(await client.send({ ...plan, request: { body: '{"environment":' } }), 'body.malformed', 400);
    }),
    check('refuses a body larger than 1 MiB', async () => {
      await expectProblem(
        await client.send({ ...plan, request: { body: JSON.stringify({ x: 'x'.repeat(2_000_000) }) } }),
        'body.too_large',
        413,
      );
    }),
    check('refuses a body of another type', async () => {
      await expectProblem(
        await client.send({ ...plan, request: { headers: { 'content-type': 'text/plain' } } }),
        'body.unsupported_type',
        415,
      );
    }),
    check('knows no other method', async () => {
      await expectProblem(await client.get(`/guichet/v1/actions/${write.action}/plan`), 'route.unknown', 404);
    }),
    check('knows no other route', async () => {
      await expectProblem(await client.get('/guichet/v1/nothing'), 'route.unknown', 404);
    }),
    check('names the field of the input that it does not know', async () => {
      const input = { ...write.input, 'no~such/field': 1 };
      const problem = await expectProblem(await client.send({ ...plan, body: { input } }), 'input.invalid', 400);
      const fields = (problem.errors ?? []).map(({ field }) => field);
      must(fields.includes('/input/no~0such~1field'), `expected the pointer /input/no~0such~1field, got ${fields.join(', ')}`);
    }),
    check('reads the members of a body in any order', async () => {
      const { body } = await client.claims(plan);
      const reversed = Object.fromEntries(Object.entries(body).reverse());
      const answer = await client.send({ ...plan, request: { body: JSON.stringify(reversed, null, 2) } });
      must(answer.ok, `the digest is of the canonical JSON, not of the bytes: ${await answer.text()}`);
    }),
  ];
}
