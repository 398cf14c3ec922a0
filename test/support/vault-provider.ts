import { action, defineProvider, PermanentFailure, type Provider, refuse, secret } from '@guichet/sdk';
import { z } from 'zod';

/** What the vault says about a call, and where; each place is a text that the test puts together. */
export interface Echo {
  summary?: string;
  effect?: string;
  fingerprint?: string;
  seen?: unknown;
  resource?: string;
  /** Refuses the plan with this. */
  refusal?: string;
  logs?: readonly string[];
  progress?: readonly string[];
  /** A cell of the result. */
  result?: string;
  failure?: string;
  /** An error that nobody foresaw. */
  crash?: string;
  observed?: string;
}

/** The inputs that its handlers were given, and how it answers. */
export class Vault {
  readonly received: { readonly phase: string; readonly input: Readonly<Record<string, unknown>> }[] = [];
  echo: Echo = {};
  /** `half`: the run ends without saying how. `wait`: it waits until the test lets it go on. */
  mode: 'succeed' | 'half' | 'wait' = 'succeed';
  gate = Promise.withResolvers<void>();
  observation: 'succeeded' | 'unknown' = 'unknown';

  forget(): void {
    this.received.length = 0;
    this.echo = {};
    this.mode = 'succeed';
    this.observation = 'unknown';
    this.gate = Promise.withResolvers();
  }
}

const input = z.strictObject({
  name: z.string().min(1).describe('What the secret is for'),
  password: secret().min(4).max(200).describe('The secret'),
  size: z.int().default(3),
  more: z.array(z.strictObject({ user: z.string(), token: secret() })).optional(),
  settings: z.record(z.string(), z.string()).meta({ writeOnly: true }).optional(),
});

/** A provider that keeps secrets, and says what the test wants it to say of them. */
export function vaultProvider(vault: Vault): Provider {
  const put = (name: string, risk: 'reversible' | 'destructive') =>
    action(name, {
      title: `Put a secret (${name})`,
      kind: 'write',
      risk,
      input,
      output: 'record',
      examples: [{ title: 'One', input: { name: 'db', password: 'example-password' } }],
      options: {
        name: ({ input }) => {
          vault.received.push({ phase: 'options', input });
          return [{ value: 'db' }];
        },
      },
      plan: ({ input }) => {
        vault.received.push({ phase: 'plan', input });
        const { summary = `Puts '${input.name}'`, effect, fingerprint = 'calm', seen, resource, refusal, crash } = vault.echo;
        if (refusal !== undefined) refuse(refusal, { remedy: refusal });
        if (crash !== undefined && vault.mode === 'half') throw new Error(crash);
        return {
          summary,
          ...(effect !== undefined && { effects: [effect], warnings: [effect] }),
          resource: { type: 'vault.secret', id: resource ?? input.name, owner: 'payments' },
          fingerprint,
          ...(seen !== undefined && { seen }),
        };
      },
      run: async ({ input, log, progress }) => {
        vault.received.push({ phase: 'run', input });
        for (const line of vault.echo.logs ?? []) log(line);
        for (const message of vault.echo.progress ?? []) progress({ message });
        if (vault.mode === 'wait') await vault.gate.promise;
        if (vault.echo.failure !== undefined)
          throw new PermanentFailure(vault.echo.failure, { remedy: vault.echo.failure, cause: new Error(vault.echo.failure) });
        if (vault.echo.crash !== undefined) throw new Error(vault.echo.crash, { cause: new Error(vault.echo.crash) });
        // The SDK cannot pass this on as an output: it ends the stream without a result.
        if (vault.mode === 'half') return undefined as never;
        const value = vault.echo.result ?? 'done';
        return { kind: 'record' as const, summary: `Put: ${value}`, fields: [{ key: 'value', title: value, value }] };
      },
      observe: ({ input }) => {
        vault.received.push({ phase: 'observe', input });
        const text = vault.echo.observed ?? 'It was put';
        return vault.observation === 'succeeded'
          ? { status: 'succeeded' as const, output: { kind: 'record' as const, summary: text, fields: [] } }
          : { status: 'unknown' as const, message: text };
      },
    });
  return defineProvider({
    name: 'vault',
    title: 'Vault',
    version: '1.0.0',
    team: 'platform',
    actions: [
      put('put', 'reversible'),
      put('replace', 'destructive'),
      action('try', {
        title: 'Try a secret',
        kind: 'read',
        risk: 'safe',
        input,
        output: 'text',
        run: ({ input, log }) => {
          vault.received.push({ phase: 'read', input });
          for (const line of vault.echo.logs ?? []) log(line);
          if (vault.echo.refusal !== undefined) refuse(vault.echo.refusal);
          if (vault.echo.failure !== undefined) throw new PermanentFailure(vault.echo.failure);
          return { kind: 'text' as const, text: vault.echo.result ?? 'It fits.' };
        },
      }),
    ],
  });
}
