import { randomUUID } from 'node:crypto';
import type { CallBody, GrantClaims, Phase, ProviderCall } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import type { LedgerIntent, Provider } from '../src/index.ts';

export interface CallOptions {
  readonly body?: Partial<CallBody>;
  readonly grant?: Partial<GrantClaims>;
  readonly signal?: AbortSignal;
}

/** A call with a grant that is right, but for what the test makes wrong. */
export function callOf(provider: Provider, phase: Phase, action: string, options: CallOptions = {}): ProviderCall {
  const body: CallBody = { environment: 'production', input: {}, ...options.body };
  const isWrite = provider.actions.get(action)?.manifest.kind === 'write';
  const runs = isWrite && (phase === 'run' || phase === 'observe');
  const grant: GrantClaims = {
    jti: randomUUID(),
    iss: 'https://gateway.test',
    aud: provider.name,
    iat: new Date().toISOString(),
    exp: new Date(Date.now() + 60_000).toISOString(),
    phase,
    action,
    version: provider.actions.get(action)?.manifest.version ?? 'sha256:none',
    environment: body.environment,
    caller: { id: 'user:nadia', name: 'Nadia', teams: ['orders'] },
    approvers: [],
    request: runs ? 'REQ-7' : null,
    run: runs ? randomUUID() : null,
    body: digestOf(body),
    ...options.grant,
  };
  return { body, grant, signal: options.signal ?? new AbortController().signal };
}

/** The same time of day, moved by so many seconds. */
export function secondsFromNow(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

/** Everything that a stream says until it ends. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What is written down of a run of its own. */
export function intentOf({
  grant = randomUUID(),
  run = randomUUID(),
  issuedAt = new Date(),
}: {
  grant?: string;
  run?: string;
  issuedAt?: Date;
} = {}): LedgerIntent {
  return {
    grant,
    run,
    request: 'REQ-7',
    action: 'items.sell',
    environment: 'production',
    input: digestOf({}),
    startedAt: issuedAt.toISOString(),
    issuedAt: issuedAt.toISOString(),
    deadlineAt: new Date(issuedAt.getTime() + 60_000).toISOString(),
  };
}
