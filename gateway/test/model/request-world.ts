import { randomUUID } from 'node:crypto';
import type { Manifest, Observation, ProviderEndpoint, Request, Undo } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import { pino } from 'pino';
import { startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { Bus, Database, statement } from '../../src/db/index.ts';
import { type LifeEvent, lockRequest, lockResource, type Outbox, type RequestRow } from '../../src/requests/index.ts';
import { findRequest } from '../../src/requests/store.ts';
import { lockLost, lockNext } from '../../src/runner/store.ts';
import { Transitions } from '../../src/runner/transitions.ts';
import { INVARIANTS } from './invariants.ts';
import { KINDS, type ModelRequest, PEOPLE, type Person, type Step } from './parts.ts';

const COMPANY = new URL('../../../test/support/company.yaml', import.meta.url).pathname;
const SEALING = { GUICHET_MODEL_KEY: Buffer.alloc(32, 7).toString('base64') };

const manifest: Manifest = {
  protocol: 1,
  provider: 'lab',
  title: 'Laboratory',
  version: '1.0.0',
  team: 'platform',
  actions: Object.entries(KINDS).map(([name, { needs, idempotent, observable }]) => ({
    name,
    version: '1',
    title: `Change (${name})`,
    description: '',
    kind: 'write',
    risk: 'reversible',
    input: { type: 'object', properties: { thing: { type: 'string' } }, required: ['thing'], additionalProperties: false },
    output: 'text',
    idempotent,
    observable,
    timeoutSeconds: 30,
    examples: [],
    options: [],
    ...(name === 'temp' && { undo: 'back' }),
    ...(needs > 0 && { approval: { team: 'payments', count: needs } }),
  })),
};

/** Plans, and nothing else: what runs come to is what the steps say. */
const endpoint: ProviderEndpoint = {
  manifest: async () => manifest,
  options: async () => [],
  plan: async ({ body }) => ({
    summary: 'Changes it',
    effects: [],
    warnings: [],
    resource: { type: 'thing', id: String(body.input['thing']), owner: 'payments' },
    fingerprint: 'calm',
  }),
  run: () => {
    throw new Error('the steps say what comes of runs');
  },
  observe: async () => ({ status: 'unknown' }),
};

const sql = {
  passTime: statement(
    'model-pass-time',
    `update requests set expires_at = now() - interval '1 second' where number = $1 and state in ('awaiting_approval', 'queued')`,
  ),
  endLease: statement(
    'model-end-lease',
    `update requests set lease_until = now() - interval '1 second' where number = $1 and state = 'running'`,
  ),
  timeOver: statement(
    'model-time-over',
    `update requests r set undo_at = clock_timestamp(), undo_try_at = clock_timestamp()
     where number = $1 and undo_state = 'scheduled' and undo_try_at is not null and not exists (select from requests u
       where u.undo_of = r.number and u.state in ('awaiting_approval', 'queued', 'running', 'unknown', 'succeeded'))
     returning number`,
  ),
  undoFiled: statement(
    'model-undo-filed',
    `select u.number from requests u join requests r on r.number = u.undo_of
     where r.number = $1 and r.undo_try_at is null and u.by_clock order by u.number desc limit 1`,
  ),
  longAgo: statement(
    'model-long-ago',
    `update requests set dispatched_at = dispatched_at - interval '2 minutes' where number = $1 and state = 'unknown'`,
  ),
  noWait: statement('model-no-wait', 'update requests set run_after = now() where number = any ($1) and run_after > now()'),
  putAside: statement('model-put-aside', `update requests set run_after = 'infinity' where state = 'queued'`),
  seen: statement(
    'model-seen',
    `select state, (select count(*) from approvals a where a.request = r.number)::int as approvals,
       cancel_requested_at is not null as "cancelWished", (state in ('running', 'unknown') and dispatched_at is not null) as dispatched,
       attempt, fencing_token::int as token, undo_state as "undoState", undo_try_at is not null as "clockIsSet" from requests r where number = any ($1) order by number`,
  ),
};
const CHECKS = Object.entries(INVARIANTS).map(([name, text], index) => ({
  name,
  statement: statement(`model-check-${index}`, text),
}));

const failure = { code: 'run.failed', message: 'no', retryable: true } as const;
const startWindowMs = 3_600_000;

/** A real gateway whose worker is played by the steps, on a real database. */
export class World implements AsyncDisposable {
  readonly #url: string;
  readonly #db: Database;
  readonly #transitions: Transitions;
  readonly #tokens: ReadonlyMap<Person, string>;
  readonly #ring: () => void;
  readonly #close: () => Promise<void>;
  /** Requests of this sequence, in the order in which they were filed. */
  #numbers: string[] = [];
  #held: RequestRow[] = [];
  #things = '';

  private constructor(parts: {
    url: string;
    db: Database;
    transitions: Transitions;
    tokens: ReadonlyMap<Person, string>;
    ring: () => void;
    close: () => Promise<void>;
  }) {
    this.#url = parts.url;
    this.#db = parts.db;
    this.#transitions = parts.transitions;
    this.#tokens = parts.tokens;
    this.#ring = parts.ring;
    this.#close = parts.close;
  }

  static async start(): Promise<World> {
    const database = await testDatabase();
    const file = {
      listen: { port: 0 },
      database: { url: database.url },
      company: COMPANY,
      sealing: { keyFromEnv: 'GUICHET_MODEL_KEY' },
      limits: { calls: { max: 10_000_000 } },
      logLevel: 'silent',
      poolSize: 4,
      worker: { enabled: false },
    };
    const app = await startApp(parseConfig(file, { path: '/tmp/guichet.yaml', env: SEALING }), {
      mounted: [{ name: 'lab', endpoint }],
      logger: pino({ level: 'silent' }),
    });
    const createdBy = { id: 'system', name: 'test' };
    const pairs = await Promise.all(
      PEOPLE.map(async (name): Promise<[Person, string]> => {
        const token = await app.tokens.issue({ name, principalId: `user:${name}`, expiresInDays: 1, scope: {}, createdBy });
        return [name, token.secret];
      }),
    );
    const db = new Database({ url: database.url, poolSize: 4, onError: () => {} });
    const bus = new Bus({ url: database.url, database: db, onError: () => {} });
    await bus.start();
    // Nobody listens, and nothing is due: deliveries have tests of their own.
    const outbox = new Proxy({} as Outbox, { get: () => async () => {} });
    const transitions = new Transitions({ db, bus, outbox, onNews: () => {} });
    const close = async (): Promise<void> => {
      await app.close();
      await bus.close();
      await db.close();
      await database.drop();
    };
    // Of its clocks, undos are the first.
    const ring = (): void => app.timekeeper.ring([true, false]);
    return new World({ url: app.url, db, transitions, tokens: new Map(pairs), ring, close });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  /** Another sequence, which does not see the requests of those before. */
  async begin(): Promise<void> {
    this.#numbers = [];
    this.#held = [];
    this.#things = randomUUID();
    await this.#db.query(sql.putAside);
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'submit':
        return this.#submit(step);
      case 'approve':
      case 'reject':
      case 'withdraw':
      case 'cancel':
        return this.#decide(step);
      case 'undo':
        return this.#undo(step);
      case 'resolve':
        return this.#resolve(step);
      case 'time_over':
        return this.#timeOver(this.#numbers[step.at]);
      case 'pass_time':
        return void (await this.#db.query(sql.passTime, [this.#numbers[step.at]]));
      case 'claim':
        return this.#claim();
      case 'crash':
        return this.#crash(this.#numbers[step.at]);
      case 'observe':
        return this.#observe(this.#numbers[step.at], step.status);
      default:
        return this.#report(step);
    }
  }

  async #submit({ kind, thing }: Extract<Step, { do: 'submit' }>): Promise<void> {
    const body = {
      action: `lab.${kind}`,
      environment: 'staging',
      input: { thing: `${thing} ${this.#things}` },
      reason: 'a step',
      ...(kind === 'temp' && { lastsSeconds: 3600 }),
    };
    const { status, answer } = await this.#call('nadia', '/v1/requests', body);
    if (status !== 201) throw new Error(`submitting ${kind} gave ${status}: ${JSON.stringify(answer)}`);
    this.#numbers.push(answer.id.replace('REQ-', ''));
  }

  async #undo({ who, at }: Extract<Step, { do: 'undo' }>): Promise<void> {
    const number = this.#numbers[at];
    if (number === undefined) return;
    const { status, answer } = await this.#call(who, `/v1/requests/REQ-${number}/undo`, {});
    if (status === 201) this.#numbers.push(answer.id.replace('REQ-', ''));
    else if (status !== 409) throw new Error(`undo by ${who} gave ${status}: ${JSON.stringify(answer)}`);
  }

  async #resolve({ who, at, outcome }: Extract<Step, { do: 'resolve' }>): Promise<void> {
    const number = this.#numbers[at];
    if (number === undefined) return;
    await this.#db.query(sql.longAgo, [number]);
    const { status } = await this.#call(who, `/v1/requests/REQ-${number}/resolve`, { outcome, reason: 'somebody looked' });
    if (![200, 403, 409].includes(status)) throw new Error(`resolve by ${who} gave ${status}`);
  }

  /** What the clock files is there when this resolves. */
  async #timeOver(number: string | undefined): Promise<void> {
    if (number === undefined || (await this.#db.query(sql.timeOver, [number])).length === 0) return;
    for (let looks = 0; looks < 1000; looks += 1) {
      this.#ring();
      const [filed] = await this.#db.query<{ number: string }>(sql.undoFiled, [number]);
      if (filed !== undefined) return void this.#numbers.push(filed.number);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the clock has filed nothing that undoes REQ-${number}`);
  }

  async #decide({ do: what, who, at }: Extract<Step, { do: 'approve' | 'reject' | 'withdraw' | 'cancel' }>): Promise<void> {
    const number = this.#numbers[at];
    if (number === undefined) return;
    const { status } = await this.#call(who, `/v1/requests/REQ-${number}/${what}`, { comment: 'a step' });
    if (![200, 403, 409].includes(status)) throw new Error(`${what} by ${who} gave ${status}`);
  }

  async #call(who: Person, path: string, body: object): Promise<{ status: number; answer: Request }> {
    const response = await fetch(`${this.#url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#tokens.get(who)}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: (await response.json()) as Request }; // looked at only when it was filed
  }

  async #claim(): Promise<void> {
    await this.#db.query(sql.noWait, [this.#numbers]);
    const claimed = await this.#db.transaction(async (tx) => {
      const taken: string[] = [];
      for (const row of await lockNext(tx, 100)) {
        const event: LifeEvent = { type: 'claim', runId: randomUUID(), worker: 'worker', leaseMs: 3_600_000 };
        const state = await this.#transitions.apply(tx, row, { event, fence: true });
        if (state === 'running') taken.push(row.number);
        else if (state === undefined) await this.#transitions.apply(tx, row, { event: { type: 'expire' } });
      }
      return taken;
    });
    for (const number of claimed.sort((a, b) => Number(a) - Number(b))) {
      const row = await findRequest(this.#db, number);
      if (row !== undefined) this.#held.push(row);
    }
  }

  async #report(step: Extract<Step, { at: number }>): Promise<void> {
    const row = this.#held[step.at];
    const event = eventOf(step, row);
    if (row !== undefined && event !== undefined) await this.#transitions.once(row, event);
  }

  async #crash(number: string | undefined): Promise<void> {
    if (number === undefined) return;
    await this.#db.query(sql.endLease, [number]);
    // Whoever else has the row in hand is not waited for: the next tick looks again.
    for (;;) {
      const before = await findRequest(this.#db, number);
      if (before?.state !== 'running' || before.leaseUntil === null || before.leaseUntil > before.readAt) return;
      const isFound = await this.#db.transaction(async (tx) => {
        await lockResource(tx, before, 'alone');
        const row = await lockLost(tx, number);
        if (row === undefined) return false;
        await this.#transitions.apply(tx, row, { event: { type: 'lose', message: 'gone', startWindowMs }, fence: true });
        return true;
      });
      if (isFound) return;
    }
  }

  async #observe(number: string | undefined, status: Observation['status']): Promise<void> {
    if (number === undefined) return;
    const observation: Observation =
      status === 'succeeded'
        ? { status, output: { kind: 'text', text: 'done' } }
        : status === 'failed'
          ? { status, failure: { kind: 'permanent', message: 'no' } }
          : { status };
    await this.#db.transaction(async (tx) => {
      const row = await lockRequest(tx, number);
      if (row === undefined || !row.observable) return;
      const event: LifeEvent = { type: 'settle', observation, undo: undoOf(row), grantMs: 70_000, startWindowMs, againMs: 1000 };
      await this.#transitions.apply(tx, row, { event });
    });
  }

  seen(): Promise<ModelRequest[]> {
    return this.#db.query<ModelRequest>(sql.seen, [this.#numbers]);
  }

  /** Invariants that do not hold, with what breaks them. */
  async broken(): Promise<string[]> {
    const broken: string[] = [];
    for (const { name, statement: check } of CHECKS) {
      const rows = await this.#db.query(check, [this.#numbers]);
      if (rows.length > 0) broken.push(`${name}: ${JSON.stringify(rows)}`);
    }
    return broken;
  }
}

/** How its provider says that it is undone. */
const undoOf = ({ action, input }: RequestRow): Undo | null =>
  action === 'lab.temp' ? { action: 'lab.back', input: { ...input }, problem: null } : null;

function eventOf(step: Step, row: RequestRow | undefined): LifeEvent | undefined {
  switch (step.do) {
    case 'dispatch':
      return { type: 'dispatch', timeoutMs: 30_000 };
    case 'succeed':
      return { type: 'succeed', output: { kind: 'text', text: 'done' }, undo: row === undefined ? null : undoOf(row) };
    case 'fail':
      return { type: 'fail', failure };
    case 'confirm_cancel':
      return { type: 'confirm_cancel' };
    case 'lose':
      return { type: 'lose', message: 'gone', startWindowMs };
    case 'requeue':
      return { type: 'requeue', failure, delayMs: 0, startWindowMs, unsent: step.unsent };
    default:
      return undefined;
  }
}
