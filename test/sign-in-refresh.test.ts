import type { Problem, SessionTokens } from '@guichet/contract';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from './support/gateway.ts';
import { type SignInWorld, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await signInWorld();
});
afterAll(() => world.close());

/** A command line that has just been let in. */
async function commandLine(name = 'nadia'): Promise<SessionTokens> {
  const { body: device } = await world.gateway.call<{ deviceCode: string; verificationUriComplete: string }>(
    null,
    'POST',
    '/v1/auth/device',
    { body: { client: 'guichet' } },
  );
  const browser = await world.signedIn(name);
  await browser.open(device.verificationUriComplete);
  await browser.submit({ button: 'Allow' });
  const body = { grant: 'device_code', deviceCode: device.deviceCode };
  return (await world.gateway.call<SessionTokens>(null, 'POST', '/v1/auth/token', { body })).body;
}

const refresh = (refreshToken: string): Promise<Answer<SessionTokens & Problem>> =>
  world.gateway.call(null, 'POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken } });
const me = ({ accessToken }: { accessToken: string }): Promise<Answer<Problem>> =>
  world.gateway.call({ token: accessToken }, 'GET', '/v1/me');
const refusal = async (answer: Promise<Answer<Problem>>): Promise<string> => {
  const { status, body } = await answer;
  return `${status} ${body.code}`;
};
/** As if whatever was used had been used long ago. */
const later = (): Promise<unknown> => world.query("update refresh_tokens set used_at = used_at - interval '31 seconds'");

describe('a refresh token', () => {
  test('gives a new pair, of the same session, and the old access token lives to its end', async () => {
    const first = await commandLine();
    const { status, body: second } = await refresh(first.refreshToken);
    expect(status).toBe(200);
    expect(second.session.id).toBe(first.session.id);
    expect(new Set([first.accessToken, second.accessToken, first.refreshToken, second.refreshToken]).size).toBe(4);
    expect((await me(first)).status).toBe(200);
    expect((await me(second)).status).toBe(200);
    const third = await refresh(second.refreshToken);
    expect(third.status).toBe(200);
  });

  test('is no access token, and an access token none', async () => {
    const tokens = await commandLine();
    expect(await refusal(me({ accessToken: tokens.refreshToken }))).toBe('401 token.invalid');
    expect(await refusal(refresh(tokens.accessToken))).toBe('401 sign_in.invalid');
  });

  test('that comes a second time after its successor was used ends the session, for both who have it', async () => {
    const first = await commandLine();
    const { body: second } = await refresh(first.refreshToken);
    const { body: third } = await refresh(second.refreshToken);
    expect(await refusal(refresh(first.refreshToken))).toBe('401 sign_in.reused');
    expect(await refusal(refresh(third.refreshToken))).toBe('401 token.revoked');
    for (const tokens of [first, second, third]) expect(await refusal(me(tokens))).toBe('401 token.revoked');
    expect((await world.audit()).at(-1)).toMatchObject({
      type: 'session.reuse_detected',
      actor: 'system',
      data: { principal: 'user:nadia', what: 'refresh token', address: '127.0.0.1' },
    });
  });

  test('that comes a second time after half a minute ends the session, though its successor was never used', async () => {
    const first = await commandLine();
    const { body: second } = await refresh(first.refreshToken);
    await later();
    expect(await refusal(refresh(first.refreshToken))).toBe('401 sign_in.reused');
    expect(await refusal(refresh(second.refreshToken))).toBe('401 token.revoked');
  });

  test('whose answer was lost gives another pair, and the one that was lost ends the session when it turns up', async () => {
    const first = await commandLine();
    const { body: lost } = await refresh(first.refreshToken);
    const { status, body: second } = await refresh(first.refreshToken);
    expect(status).toBe(200);
    expect(second.refreshToken).not.toBe(lost.refreshToken);
    expect((await me(second)).status).toBe(200);
    expect(await refusal(refresh(lost.refreshToken))).toBe('401 sign_in.reused');
    expect(await refusal(refresh(second.refreshToken))).toBe('401 token.revoked');
  });

  test('whose answer was lost is good for half a minute from its first use, not from its last', async () => {
    const first = await commandLine();
    await refresh(first.refreshToken);
    await world.query("update refresh_tokens set used_at = used_at - interval '20 seconds' where used_at is not null");
    expect((await refresh(first.refreshToken)).status).toBe(200);
    await world.query("update refresh_tokens set used_at = used_at - interval '20 seconds' where used_at is not null");
    expect(await refusal(refresh(first.refreshToken))).toBe('401 sign_in.reused');
  });

  test('stays in no table as it is', async () => {
    const { refreshToken, accessToken } = await commandLine();
    for (const table of ['refresh_tokens', 'tokens', 'sessions', 'audit_events', 'device_sign_ins']) {
      const dump = JSON.stringify(await world.query(`select t::text from ${table} t`));
      for (const secret of [refreshToken, accessToken]) expect(dump, table).not.toContain(secret);
    }
  });

  test('of somebody who has left the company gives nothing', async () => {
    const tokens = await commandLine('paula');
    await world.query("update sessions set principal_id = 'user:gone' where id = $1", [tokens.session.id]);
    expect(await refusal(refresh(tokens.refreshToken))).toBe('401 token.invalid');
  });
});

describe('two at once', () => {
  /** Holds the row of a session until it is told to let go, and says when so many others wait for it. */
  async function holding(
    session: string,
  ): Promise<{ waiting(count: number): Promise<void>; letGo(): Promise<void>; query: pg.Client['query'] }> {
    const holder = new pg.Client({ connectionString: world.gateway.databaseUrl });
    await holder.connect();
    await holder.query('begin');
    await holder.query('select from sessions where id = $1 for update', [session]);
    return {
      query: holder.query.bind(holder),
      waiting: async (count) => {
        for (;;) {
          const waits = await world.query(
            "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
          );
          if (waits.length >= count) return;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
      letGo: async () => {
        await holder.query('commit');
        await holder.end();
      },
    };
  }

  test('with one refresh token take turns: one of the two successors lives', async () => {
    const tokens = await commandLine();
    const lock = await holding(tokens.session.id);
    const both = [refresh(tokens.refreshToken), refresh(tokens.refreshToken)];
    await lock.waiting(2);
    await lock.letGo();
    const answers = await Promise.all(both);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const living = await world.query('select from refresh_tokens where session_id = $1 and used_at is null and not dead', [
      tokens.session.id,
    ]);
    expect(living).toHaveLength(1);
  });

  test('ten with one refresh token leave one that lives', async () => {
    const tokens = await commandLine();
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(tokens.refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const living = await world.query('select from refresh_tokens where session_id = $1 and used_at is null and not dead', [
      tokens.session.id,
    ]);
    expect(living).toHaveLength(1);
  });

  test('a refresh that waited while the session was ended gives nothing', async () => {
    const tokens = await commandLine();
    const lock = await holding(tokens.session.id);
    const answer = refresh(tokens.refreshToken);
    await lock.waiting(1);
    await lock.query('update sessions set revoked_at = now() where id = $1', [tokens.session.id]);
    await lock.letGo();
    expect(await refusal(answer)).toBe('401 token.revoked');
  });

  test('letting a command line in and signing out everywhere: whatever comes second, nobody is left in', async () => {
    for (let round = 0; round < 8; round++) {
      const { body: device } = await world.gateway.call<{ deviceCode: string; verificationUriComplete: string }>(
        null,
        'POST',
        '/v1/auth/device',
        {
          body: { client: 'guichet' },
        },
      );
      const browser = await world.signedIn('sven');
      const other = await world.signedIn('sven');
      await browser.open(device.verificationUriComplete);
      if (round % 2 === 0) await browser.submit({ button: 'Allow' });
      const redeem = (): Promise<unknown> =>
        world.gateway.call(null, 'POST', '/v1/auth/token', { body: { grant: 'device_code', deviceCode: device.deviceCode } });
      await Promise.all([
        round % 2 === 0 ? redeem() : browser.submit({ button: 'Allow' }),
        world.api(other, 'POST', '/v1/sessions/revoke-all', { body: {} }),
      ]);
      await redeem();
      expect(await world.query("select from sessions where principal_id = 'user:sven' and revoked_at is null")).toEqual([]);
    }
  });
});
