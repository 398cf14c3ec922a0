import { createHmac } from 'node:crypto';

export interface Webhook {
  readonly name: string;
  readonly url: string;
  /** Signs the deliveries; the receiver recomputes it. */
  readonly secret?: string | undefined;
  /** Event types to tell; all of them when absent. */
  readonly events?: readonly string[] | undefined;
}

/** What a webhook receives: one event of one request, or of one schedule. `id` is the same in each retry of a delivery. */
export interface Delivery {
  readonly id: string;
  readonly event: {
    readonly type: string;
    readonly actor: { id: string; name: string } | null;
    readonly data: Readonly<Record<string, unknown>>;
  };
  readonly request?: {
    readonly id: string;
    readonly action: string;
    readonly environment: string;
    readonly summary: string;
    readonly reason: string;
    readonly requester: { id: string; name: string };
  };
  readonly schedule?: {
    readonly name: string;
    readonly action: string;
    readonly environment: string;
    readonly reason: string;
    readonly owner: { id: string; name: string };
  };
}

/** How long a receiver may take to answer. */
const PATIENCE_MS = 10_000;

/** Delivers once; rejects unless the receiver answers 2xx within 10 s. */
export async function deliver(webhook: Webhook, delivery: Delivery, now: Date): Promise<void> {
  await postSigned({ ...webhook, what: `webhook '${webhook.name}'` }, delivery, {
    now,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

/**
 * Posts JSON once; rejects unless the answer is 2xx. With a secret, the header `guichet-signature` is `t=SECONDS,v1=HEX`,
 * HEX being HMAC-SHA256 of `SECONDS.BODY`.
 */
export async function postSigned(
  { url, secret, what }: { url: string; secret?: string | undefined; what: string },
  content: unknown,
  { now, signal }: { now: Date; signal: AbortSignal },
): Promise<void> {
  const body = JSON.stringify(content);
  const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'guichet' };
  if (secret !== undefined) {
    const seconds = Math.floor(now.getTime() / 1000);
    headers['guichet-signature'] = `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
  }
  const response = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${what} answered ${response.status}`);
}
