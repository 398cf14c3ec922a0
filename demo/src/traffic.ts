import { setTimeout as sleep } from 'node:timers/promises';
import { applicationUrl, type Instance } from './estate.ts';
import { keepSession } from './sessions.ts';

/** Customers whose rows the migration locks: the checkout of one of them waits. */
const MIGRATED = 50;
const WAITING_SESSIONS = 4;
const COME_BACK_MS = 45_000;

const random = (below: number): number => Math.floor(Math.random() * below);

/** Light traffic: orders are placed, read and counted. */
export function startTraffic(
  instance: Instance,
  { sessions, signal }: { sessions: number; signal: AbortSignal },
): Promise<void>[] {
  return Array.from({ length: sessions }, () =>
    keepSession({
      url: applicationUrl(instance, 'orders-api'),
      round: async (client) => {
        const customer = MIGRATED + 1 + random(500 - MIGRATED);
        await client.query('insert into orders (customer, cents) values ($1, $2)', [customer, 100 + random(20_000)]);
        await client.query('select id, cents, placed_at from orders where customer = $1 order by placed_at desc limit 10', [
          customer,
        ]);
        if (random(20) === 0)
          await client.query("select count(*), sum(cents) from orders where placed_at > now() - interval '5 minutes'");
      },
      pauseMs: () => 150 + random(400),
      reconnectMs: 1000,
      signal,
    }),
  );
}

/**
 * The scene: a migration updates some customers and never commits, and the checkouts of these customers wait behind it.
 * When it is freed, they go on; the migration tries again after 45 s, so that the scene can be played again.
 */
export function startBlockedCheckout(instance: Instance, signal: AbortSignal): Promise<void>[] {
  const migration = keepSession({
    url: applicationUrl(instance, 'orders-migration'),
    round: async (client) => {
      await client.query('begin');
      await client.query(`update customers set tier = 'standard' where id <= ${MIGRATED}`);
      // The migration tool waits for an answer that never comes. The session ends when somebody ends it.
      await new Promise((_, reject) => {
        client.once('end', () => reject(new Error('the session was ended')));
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
    pauseMs: () => 0,
    reconnectMs: COME_BACK_MS,
    signal,
  });
  const checkouts = Array.from({ length: WAITING_SESSIONS }, async (_, index) => {
    await sleep(1500, undefined, { signal }).catch(() => {});
    await keepSession({
      url: applicationUrl(instance, 'checkout'),
      round: (client) =>
        client.query('update customers set seen_at = now() where id = $1', [
          1 + random(MIGRATED / WAITING_SESSIONS) * WAITING_SESSIONS + index,
        ]),
      pauseMs: () => 200 + random(300),
      reconnectMs: 1000,
      signal,
    });
  });
  return [migration, ...checkouts];
}
