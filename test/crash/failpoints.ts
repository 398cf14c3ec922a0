/**
 * Failpoints of a gateway, for tests alone: `node --import failpoints.ts gateway/src/main.ts`. The gateway knows nothing
 * of them. Each commit, each statement that commits by itself, and each call of a provider gets points before and after.
 */
import pg from 'pg';
import { passed, takeOrders } from './points.ts';

takeOrders();
watchCommits();
watchCalls();

/** What a transaction has done so far: the events that it tells, or else the statements that write. */
interface Work {
  readonly told: Set<string>;
  readonly writes: Set<string>;
}

interface Query {
  readonly name?: string;
  readonly text?: string;
  readonly values?: readonly unknown[];
}

function watchCommits(): void {
  const open = new WeakMap<object, Work>();
  // The driver has many signatures; all of them are passed on as they came.
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = prototype;
  prototype.query = function watched(this: object, ...args: unknown[]): unknown {
    const point = pointOf(open, this, args);
    if (point === undefined) return query.apply(this, args);
    passed(`${point}, before`);
    const last = args.length - 1;
    const callback = args[last];
    if (typeof callback === 'function')
      args[last] = (error: unknown, ...rest: unknown[]) => {
        if (!error) passed(`${point}, after`);
        callback(error, ...rest);
      };
    const answer = query.apply(this, args);
    // The statement is with the kernel by now: it is done, and nobody hears of it.
    passed(`${point}, sent`);
    if (!(answer instanceof Promise)) return answer;
    return answer.then((result: unknown) => {
      passed(`${point}, after`);
      return result;
    });
  };
}

/** The name of what a statement makes durable; undefined when it makes nothing so. */
function pointOf(open: WeakMap<object, Work>, client: object, [first, second]: unknown[]): string | undefined {
  const {
    name,
    text = '',
    values = [],
  }: Query = typeof first === 'string'
    ? { text: first, values: Array.isArray(second) ? second : [] }
    : typeof first === 'object' && first !== null
      ? (first as Query) // a statement, or a cursor, which has none of these
      : {};
  const verb = text.trim().toLowerCase();
  if (/^begin\b/.test(verb)) {
    open.set(client, { told: new Set(), writes: new Set() });
    return undefined;
  }
  const work = open.get(client);
  if (verb === 'rollback') open.delete(client);
  if (verb === 'commit') {
    open.delete(client);
    const done = work === undefined ? [] : work.told.size > 0 ? [...work.told].slice(0, 5) : [...work.writes].slice(0, 3);
    return done.length === 0 ? undefined : `commit of ${done.join(' + ')}`;
  }
  if (!/\b(?:insert|update|delete|truncate|create|alter)\b/i.test(text) && !/\bfor update\b/i.test(text)) return undefined;
  const label =
    name ?? (/pgboss/.test(text) ? 'pgboss' : 'other').concat(` ${/\b(insert|update|delete)\b/i.exec(text)?.[1] ?? ''}`);
  if (work === undefined) return /^\s*select\b/i.test(text) ? undefined : `write of ${label.trim().toLowerCase()}`;
  const events = values.flat().filter((value) => typeof value === 'string' && /^request\.[a-z_]+$/.test(value));
  for (const event of events) work.told.add(String(event));
  if (name?.startsWith('firing-')) work.told.add(name);
  if (!/for update/i.test(text)) work.writes.add(label.trim().toLowerCase());
  return undefined;
}

const CALL = /\/actions\/[^/]+\/(plan|run|observe|cancel)$/;

function watchCalls(): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    const phase = CALL.exec(input instanceof Request ? input.url : String(input))?.[1];
    if (phase === undefined) return fetch(input, init);
    const point = `call of ${phase}`;
    passed(`${point}, before`);
    const answer = fetch(input, init);
    setImmediate(() => passed(`${point}, sent`));
    const response = await answer;
    passed(`${point}, answered`);
    if (response.body === null) return response;
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(watchBody(point)), { status, statusText, headers });
  };
}

/** The first chunk, one in the middle, the one with the result, and the end of an answer. */
function watchBody(point: string): TransformStream<Uint8Array, Uint8Array> {
  let chunks = 0;
  return new TransformStream({
    transform(chunk, controller) {
      chunks += 1;
      const text = Buffer.from(chunk).toString();
      if (chunks === 1) passed(`${point}, first byte`);
      else if (!/"type":"(?:result|failure)"/.test(text)) passed(`${point}, in the middle`);
      if (/"type":"(?:result|failure)"/.test(text)) passed(`${point}, with the result`);
      controller.enqueue(chunk);
    },
    flush: () => passed(`${point}, at the end`),
  });
}
