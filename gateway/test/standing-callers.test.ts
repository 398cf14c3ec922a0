import { testDatabase } from '@guichet/postgres-server/testing';
import { expect, test } from 'vitest';
import { Directory, parseCompany } from '../src/catalog/index.ts';
import { Database, migrate } from '../src/db/index.ts';
import { StandingCallers, Tokens } from '../src/identity/index.ts';
import { Policy } from '../src/policy/index.ts';
import { defaultPolicies } from './support/policies.ts';

const company = parseCompany('people: [{name: nadia, fullName: Nadia}, {name: amine, fullName: Amine}]\nteams: []', 'test');

test('callers that last are looked at again by rounds of one statement, which find who they are by now and which tokens have ended', async () => {
  await using database = await testDatabase();
  await migrate(database.url);
  const errors: unknown[] = [];
  const db = new Database({ url: database.url, poolSize: 2, onError: (error) => errors.push(error) });
  const directory = new Directory({ company });
  const policy = new Policy({ company: () => directory.company, set: defaultPolicies() });
  const tokens = new Tokens({ db, directory, policy, environments: [] });
  const callers = new StandingCallers({ tokens, onError: (error) => errors.push(error), renewMs: 20 });
  const enter = async (principalId: string) => {
    const createdBy = { id: 'system', name: 'test' };
    const { secret } = await tokens.issue({ name: 'test', principalId, expiresInDays: 1, scope: {}, createdBy });
    const caller = await tokens.verify(secret, new Date());
    return { caller, standing: callers.enter(caller) };
  };
  const nadia = await enter('user:nadia');
  const amine = await enter('user:amine');
  expect((await nadia.standing.now()).principal.teams).toEqual([]);

  directory.replace(
    parseCompany(
      'people: [{name: nadia, fullName: Nadia}, {name: amine, fullName: Amine}]\nteams: [{name: payments, members: [nadia]}]',
      'test',
    ),
  );
  await expect.poll(async () => (await nadia.standing.now()).principal.teams, { timeout: 10_000 }).toEqual(['payments']);

  await tokens.revoke(amine.caller.principal, amine.caller.token.id);
  const ended = () =>
    amine.standing.now().then(
      () => 'stands',
      (error: { code: string }) => error.code,
    );
  await expect.poll(ended, { timeout: 10_000 }).toBe('token.revoked');
  expect((await nadia.standing.now()).principal.id).toBe('user:nadia');

  amine.standing.leave();
  nadia.standing.leave();
  await db.close();
  expect(errors).toEqual([]);
});
