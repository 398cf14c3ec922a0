import { GuichetError } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Company } from '../catalog/index.ts';
import { type Database, statement, type Transaction } from '../db/index.ts';
import type { OidcConfig } from './config.ts';
import { endAllOf, endTenureOf, forgetClaimsOf, machineTokensBy, passOn, turnOf } from './ending.ts';
import { areStill, type Holder, holderOf, isAnother, isSameAddress, type Said } from './holder.ts';

const SYSTEM = { id: 'system', name: 'Guichet' };

const COLUMNS = 'id, listed, name, email, team, left_at as "leftAt"';
const ALL = statement('principals-all', `select ${COLUMNS} from principals`);
const ONE = statement('principals-one', `select ${COLUMNS} from principals where id = $1`);
/** Who holds something from the time before it was kept whom ids stand for. */
const ADOPT = statement(
  'principals-adopt',
  `insert into principals (id, listed)
   select distinct principal_id, false from (
     select principal_id from tokens where session_id is null and revoked_at is null and expires_at > now()
     union all select principal_id from sessions where revoked_at is null and ends_at > now()
     union all select principal_id from identities) as holding
   where principal_id <> all ($1::text[]) on conflict do nothing`,
);
const LIST = statement(
  'principals-list',
  `insert into principals (id, listed, name, email, team)
   select id, true, name, email, team from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as now (id, name, email, team)
   on conflict do nothing returning id`,
);
const LEAVE = statement(
  'principals-leave',
  'update principals set left_at = now() where id = any ($1::text[]) and listed and left_at is null',
);
const UPDATE = statement(
  'principals-update',
  'update principals set listed = $2, name = $3, email = $4, team = $5, left_at = null where id = $1',
);
const ACCOUNTS = statement('principals-accounts', 'select claim, value from identities where principal_id = $1');
const CLAIM = statement(
  'principals-claim',
  `insert into principals as p (id, listed, name, email) values ($1, false, $2, $3)
   on conflict (id) do update set name = case when p.listed then p.name else excluded.name end,
     email = case when p.listed then p.email else excluded.email end
   returning ${COLUMNS}, xmax = 0 as "isNew"`,
);

/** Somebody as the identity provider tells. */
export interface Claimed {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
}

/**
 * Whom ids stand for, over time. Sessions, tokens and accounts belong to a name; when the name is given to somebody else,
 * they end, before it counts that it is somebody else's.
 */
export class Tenures {
  readonly #db: Database;
  readonly #oidc: OidcConfig | undefined;

  constructor({ db, oidc }: { db: Database; oidc: OidcConfig | undefined }) {
    this.#db = db;
    this.#oidc = oidc;
  }

  /**
   * To be called with each company before it counts, at a start too: files change while no gateway runs. Nothing ends for
   * those who are not in the files any more: they are refused at each call, and a file that was wrong can be mended.
   */
  async settle(company: Company): Promise<void> {
    const now = [...company.people, ...company.machines.flatMap(({ name }) => company.member(`machine:${name}`) ?? [])].map(
      holderOf,
    );
    const ids = new Set(now.map(({ id }) => id));
    const isFirst = (await this.#db.query<Holder>(ALL)).length === 0;
    if (isFirst) await this.#db.query(ADOPT, [[...ids]]);
    const before = new Map((await this.#db.query<Holder>(ALL)).map((holder) => [holder.id, holder]));
    const made = await this.#list(now.filter(({ id }) => !before.has(id)));
    // Each in a transaction of its own: a whole company may have changed its addresses.
    for (const holder of now)
      if (!made.has(holder.id) && !isEqual(before.get(holder.id), holder)) await this.#change(holder, company);
    const gone = [...before.values()].filter(({ id, listed, leftAt }) => listed && leftAt === null && !ids.has(id));
    if (gone.length > 0) await this.#db.query(LEAVE, [gone.map(({ id }) => id)]);
  }

  /** Those of them who were not known; others may have come between. */
  async #list(news: readonly Holder[]): Promise<ReadonlySet<string>> {
    if (news.length === 0) return new Set();
    const column = (key: 'id' | 'name' | 'email' | 'team'): (string | null)[] => news.map((holder) => holder[key]);
    const values = [column('id'), column('name'), column('email'), column('team')];
    return new Set((await this.#db.query<{ id: string }>(LIST, values)).map(({ id }) => id));
  }

  async #change(now: Holder, company: Company): Promise<void> {
    const { id, listed, name, email, team } = now;
    await this.#db.transaction(async (tx) => {
      await turnOf(tx, id);
      const [before] = await tx.query<Holder>(ONE, [id]);
      if (before === undefined || isEqual(before, now)) return; // another gateway was faster
      const accounts = await tx.query<Said>(ACCOUNTS, [id]);
      const areTheirs = areStill(id, accounts, { oidc: this.#oidc, company });
      const another = before.listed ? isAnother(before, now) : accounts.length === 0 || !areTheirs;
      if (another) await reassign(tx, before, now);
      else if (!areTheirs && !isSameAddress(before.email, email)) {
        // The same person has another address: their account has to come with it once more.
        await endAllOf(tx, id, { tokens: false, actor: SYSTEM, why: 'reassigned' });
        await forgetClaimsOf(tx, id);
      }
      await tx.query(UPDATE, [id, listed, name, email, team]);
    });
  }

  /**
   * In the transaction of a sign-in, before any row is locked: waits for their turn. Refuses when another gateway has read
   * files, and this one has not yet, by which the name is somebody else's. Gives whom it stood for until now.
   */
  async arrive(tx: Transaction, claimed: Claimed, company: Company): Promise<Holder | undefined> {
    const { id, name, email } = claimed;
    await turnOf(tx, id);
    const member = company.member(id);
    if (member === undefined) {
      const [row] = await tx.query<Holder & { isNew: boolean }>(CLAIM, [id, name, email]);
      if (row?.listed === true && row.leftAt === null) throw notYetRead(id);
      return row?.isNew === true ? undefined : row;
    }
    const [row] = await tx.query<Holder>(ONE, [id]);
    const now = holderOf(member);
    if (row !== undefined && (isAnother(row, now) || !isSameAddress(row.email, now.email))) throw notYetRead(id);
    return row;
  }

  /** In the same transaction, of somebody whom no file lists and whose account has not been here: ends what another held. */
  async takeOver(tx: Transaction, before: Holder, { id, name, email }: Claimed): Promise<void> {
    await reassign(tx, before, { id, name, email, team: null }, { keepsAccount: true });
    await tx.query(UPDATE, [id, false, name, email, null]);
  }
}

async function reassign(
  tx: Transaction,
  before: Holder,
  now: Pick<Holder, 'id' | 'name' | 'email' | 'team'>,
  { keepsAccount = false } = {},
): Promise<void> {
  const ending = { actor: SYSTEM, why: 'reassigned' } as const;
  const ended = keepsAccount
    ? { ...(await endAllOf(tx, now.id, { tokens: true, ...ending })), unbound: false }
    : await endTenureOf(tx, now.id, ending);
  if (keepsAccount) await passOn(tx, now.id, ending);
  const made = await machineTokensBy(tx, now.id);
  if (ended.sessions + ended.tokens + made.length === 0 && !ended.unbound) return;
  const facts = ({ name, email, team }: Omit<typeof now, 'id'>) => ({ name, email, ...(team !== null && { team }) });
  await appendAudit(tx, {
    type: 'identity.reassigned',
    actor: SYSTEM,
    outcome: 'ok',
    resource: now.id,
    data: { principal: now.id, before: facts(before), now: facts(now), ...ended, made: made.map(({ id }) => id) },
  });
}

function isEqual(before: Holder | undefined, now: Holder): boolean {
  if (before === undefined || !before.listed || before.leftAt !== null) return false;
  return before.name === now.name && before.email === now.email && before.team === now.team;
}

function notYetRead(id: string): GuichetError {
  return new GuichetError('sign_in.refused', `The company's files say something new of ${id.replace('user:', '')}.`, {
    remedy: 'Try again in a minute: not all gateways have read them yet.',
  });
}
