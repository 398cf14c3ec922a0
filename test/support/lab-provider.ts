import { EventEmitter } from 'node:events';
import { action, defineProvider, PermanentFailure, type Provider, RetryableFailure, refuse } from '@guichet/sdk';
import { z } from 'zod';

/** The world that the lab provider acts on; tests turn its knobs and read what was really done. */
export class Lab {
  /** What a plan rests on: change it and an approved plan has drifted. */
  fingerprint = 'calm';
  /** The team that owns everything in the lab. */
  owner = 'payments';
  /** The service that everything in the lab is of. */
  service: string | undefined;
  /** Run ids whose effect happened, in order. */
  readonly effects: string[] = [];
  /** How the next plans end. */
  planning: 'succeed' | 'busy' | 'refuse' | 'hang' = 'succeed';
  /** How the next runs end; `half`: after the effect, without a result. */
  mode: 'succeed' | 'fail' | 'retryable' | 'hang' | 'ignore-cancel' | 'half' = 'succeed';
  /** What the next runs give back is for whoever asked alone. */
  confidential = false;
  /** What a run that fails says. */
  complaint = 'The thing is stuck.';
  /** What observe says. */
  observation: 'succeeded' | 'failed' | 'not_started' | 'running' | 'unknown' = 'unknown';
  /** Run ids that entered the handler, in order. */
  readonly entries: string[] = [];
  readonly #bell = new EventEmitter().setMaxListeners(0);

  entered(runId: string): void {
    this.entries.push(runId);
    this.#bell.emit('entered');
  }

  /** Resolves when the next run has entered its handler. */
  nextEntry(): Promise<void> {
    return new Promise((resolve) => this.#bell.once('entered', resolve));
  }

  planned(): void {
    this.#bell.emit('planned');
  }

  /** Resolves when the next plan is asked for. */
  nextPlan(): Promise<void> {
    return new Promise((resolve) => this.#bell.once('planned', resolve));
  }

  /** Lets a run that hangs go on. */
  release(): void {
    this.#bell.emit('release');
  }

  released(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#bell.once('release', resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }
}

const target = z.strictObject({
  target: z.string().min(1).describe('What to change'),
  size: z.int().min(1).max(10).default(3).describe('How much of it'),
});

/** `wording` is in every title: with another one each action has another version. */
export function labProvider(lab: Lab, { wording = 'something' } = {}): Provider {
  const write = (
    name: string,
    more: {
      risk: 'safe' | 'reversible' | 'destructive';
      idempotent?: boolean;
      observe?: boolean;
      approval?: { team: string; count: number };
      timeoutSeconds?: number;
    },
  ) =>
    action(name, {
      title: `Change ${wording} (${name})`,
      kind: 'write',
      risk: more.risk,
      idempotent: more.idempotent ?? false,
      timeoutSeconds: more.timeoutSeconds ?? 30,
      ...(more.approval !== undefined && { approval: more.approval }),
      input: target,
      output: 'record',
      options: { target: ({ query }) => ['alpha', 'beta'].filter((value) => value.includes(query)).map((value) => ({ value })) },
      plan: async ({ input, signal }) => {
        lab.planned();
        if (lab.planning === 'busy') throw new RetryableFailure('The laboratory is busy.');
        if (lab.planning === 'hang') await lab.released(signal);
        if (lab.planning === 'refuse' || input.target === 'forbidden')
          refuse(`'${input.target}' cannot be changed.`, { remedy: 'Choose another target.' });
        return {
          summary: `Changes '${input.target}' by ${input.size}`,
          effects: [`'${input.target}' is no longer what it was`],
          resource: {
            type: 'lab.thing',
            id: input.target,
            owner: lab.owner,
            ...(lab.service !== undefined && { service: lab.service }),
          },
          fingerprint: `${lab.fingerprint}:${input.target}`,
          seen: { fingerprint: lab.fingerprint },
        };
      },
      run: async ({ input, runId, log, progress, signal }) => {
        lab.entered(runId);
        log(`changing ${input.target}`);
        progress({ message: 'half way', done: 1, total: 2 });
        if (lab.mode === 'fail') throw new PermanentFailure(lab.complaint, { remedy: 'Shake it.' });
        if (lab.mode === 'retryable') throw new RetryableFailure('The thing is busy.');
        if (lab.mode === 'hang') {
          await lab.released(signal);
          log('going on');
        }
        if (lab.mode === 'ignore-cancel') await lab.released(new AbortController().signal);
        lab.effects.push(runId);
        // The SDK cannot pass this on as an output: it ends the stream without a result.
        if (lab.mode === 'half') return undefined as never;
        return {
          kind: 'record' as const,
          ...(lab.confidential && { confidential: true }),
          summary: `Changed '${input.target}'`,
          fields: [{ key: 'size', title: 'Size', type: 'number' as const, value: input.size }],
        };
      },
      ...(more.observe === true && {
        observe: () => {
          switch (lab.observation) {
            case 'succeeded':
              return { status: 'succeeded' as const, output: { kind: 'record' as const, summary: 'It was done', fields: [] } };
            case 'failed':
              return { status: 'failed' as const, failure: { kind: 'permanent' as const, message: 'It had failed.' } };
            default:
              return { status: lab.observation };
          }
        },
      }),
    });
  return defineProvider({
    name: 'lab',
    title: 'Laboratory',
    version: '1.0.0',
    team: 'platform',
    actions: [
      action('look', {
        title: 'Look at something',
        kind: 'read',
        risk: 'safe',
        input: z.strictObject({ target: z.string().default('everything') }),
        output: 'text',
        run: async ({ input, signal }) => {
          if (input.target === 'hang') await lab.released(signal);
          if (input.target === 'broken') throw new PermanentFailure('It is broken.');
          return { kind: 'text' as const, text: `You see ${input.target}.` };
        },
      }),
      write('change', { risk: 'reversible', observe: true }),
      write('change-blindly', { risk: 'reversible' }),
      write('change-idempotently', { risk: 'reversible', idempotent: true }),
      write('change-quickly', { risk: 'reversible', timeoutSeconds: 1 }),
      write('destroy', { risk: 'destructive', observe: true }),
      write('destroy-together', { risk: 'destructive', approval: { team: 'payments', count: 2 } }),
      write('change-with-sre', { risk: 'reversible', approval: { team: 'sre', count: 1 } }),
    ],
  });
}
