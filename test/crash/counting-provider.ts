/**
 * The judge: a provider in a process of its own, which writes each effect down before it answers, and sees for itself,
 * on a connection of its own, whether the gateway's intent was committed. It is killed as often as the gateways are.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { action, defineProvider, gatewayKeys, type KeySource, PermanentFailure, refuse, serve } from '@guichet/sdk';
import pg from 'pg';
import { pino } from 'pino';
import { z } from 'zod';
import { EffectLog } from './effect-log.ts';
import { passed, takeOrders } from './points.ts';

export interface ProviderSettings {
  readonly port: number;
  readonly gateways: readonly string[];
  readonly databaseUrl: string;
  readonly logFile: string;
}

takeOrders();
const settings = JSON.parse(process.env['COUNTING_PROVIDER'] ?? '{}') as ProviderSettings; // the storm starts us
const log = new EffectLog(settings.logFile);
const running = new Set<string>();
/** Longer than a limit of a second and the grace of a gateway without settings. */
const HANG_MS = 6300;
const intents = new pg.Pool({ connectionString: settings.databaseUrl, max: 4 });
intents.on('error', () => {}); // the next query connects again

const INTENT = `select exists (select from request_events d join request_events s on s.request = d.request
  where d.request = $1 and d.type = 'request.dispatched' and s.type = 'request.started' and s.data->>'run' = $2
  and s.number < d.number) as there`;

async function isIntended(request: string, run: string): Promise<boolean> {
  const { rows } = await intents.query<{ there: boolean }>(INTENT, [request.replace('REQ-', ''), run]);
  return rows[0]?.there === true;
}

const input = z.strictObject({ thing: z.string().min(1).describe('What to count for') });

interface Kind {
  readonly idempotent?: boolean;
  readonly observe?: boolean;
  readonly approval?: { readonly team: string; readonly count: number };
  readonly timeoutSeconds?: number;
  /** The action that undoes it. */
  readonly undo?: string;
  /** What the run does beside counting. */
  readonly as?: 'usual' | 'slow' | 'failing' | 'refused' | 'late' | 'hanging';
}

function counted(name: string, { idempotent = false, observe = true, as = 'usual', timeoutSeconds = 20, approval, undo }: Kind) {
  return action(name, {
    title: `Count (${name})`,
    kind: 'write',
    risk: 'reversible',
    idempotent,
    timeoutSeconds,
    ...(approval !== undefined && { approval }),
    input,
    output: 'text',
    plan: ({ input: { thing } }) => {
      passed('plan');
      if (as === 'refused') refuse(`'${thing}' is never counted.`);
      return {
        summary: `Counts for '${thing}'`,
        effects: [],
        resource: { type: 'count', id: thing, owner: 'payments' },
        seen: {},
      };
    },
    run: async ({ request, runId, log: say, signal }) => {
      running.add(runId);
      try {
        passed('run, before the effect');
        say('counting');
        if (as === 'slow')
          for (let step = 0; step < 6; step += 1) {
            await sleep(60, undefined, { signal });
            say(`step ${step}`);
          }
        if (as === 'late') await sleep(timeoutSeconds * 1000 + 400); // it listens to nobody, and succeeds after its time
        const about = { action: name, request, run: runId, intended: await isIntended(request, runId) };
        if (as === 'failing') {
          log.append({ kind: 'failed', ...about, at: new Date().toISOString() });
          throw new PermanentFailure('It never works.');
        }
        if (as !== 'late') signal.throwIfAborted();
        log.append({ kind: 'effect', ...about, at: new Date().toISOString() });
        passed('run, after the effect');
        if (as === 'hanging') await sleep(HANG_MS); // the effect is there, and whoever waits for the answer has given up
        if (as === 'slow') await sleep(60); // between the effect and the answer
        setImmediate(() => passed('run, after the result'));
        return { kind: 'text' as const, text: 'Counted.' };
      } finally {
        running.delete(runId);
      }
    },
    ...(undo !== undefined && {
      undo: { action: undo, input: ({ input: { thing } }: { input: z.infer<typeof input> }) => ({ thing }) },
    }),
    ...(observe && {
      observe: ({ runId }: { runId: string }) => {
        passed('observe');
        const deed = log.find(runId);
        if (deed?.kind === 'effect') return { status: 'succeeded' as const, output: { kind: 'text' as const, text: 'Counted.' } };
        if (deed?.kind === 'failed')
          return { status: 'failed' as const, failure: { kind: 'permanent' as const, message: 'It never works.' } };
        return { status: running.has(runId) ? ('running' as const) : ('not_started' as const) };
      },
    }),
  });
}

/** Keys of whichever gateway is there. */
function anyOf(sources: readonly KeySource[]): KeySource {
  return {
    async find(kid) {
      const results = await Promise.allSettled(sources.map((source) => source.find(kid)));
      const found = results.find((result) => result.status === 'fulfilled' && result.value !== undefined);
      if (found?.status === 'fulfilled') return found.value;
      const failed = results.find((result) => result.status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
      return undefined;
    },
  };
}

const one = { team: 'payments', count: 1 };
const provider = defineProvider({
  name: 'counter',
  title: 'Counter',
  version: '1.0.0',
  team: 'platform',
  actions: [
    counted('once', {}),
    counted('once-blindly', { observe: false }),
    counted('again', { idempotent: true, observe: false }),
    counted('again-observed', { idempotent: true }),
    counted('slowly', { as: 'slow' }),
    counted('never', { as: 'failing' }),
    counted('refused', { as: 'refused' }),
    counted('late', { as: 'late', timeoutSeconds: 1 }),
    counted('hanging', { as: 'hanging', timeoutSeconds: 1 }),
    counted('promptly', { timeoutSeconds: 1 }),
    counted('put', { undo: 'take-back' }),
    counted('take-back', {}),
    counted('approved', { approval: one }),
    counted('approved-twice', { approval: { team: 'payments', count: 2 }, as: 'slow' }),
  ],
});
await serve(provider, {
  port: settings.port,
  keys: anyOf(settings.gateways.map((url) => gatewayKeys(url, { timeoutSeconds: 2 }))),
  logger: pino({ level: 'silent' }),
});
process.send?.({ open: true });
