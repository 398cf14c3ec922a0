import { createHash, createHmac } from 'node:crypto';
import { type AuditHead, headLine } from '@guichet/contract/audit-log';
import type { Queryable } from '../db/index.ts';
import { type HeadDestination, ToldHeads } from './destinations.ts';

/** How long a receiver may take to answer. */
const PATIENCE_MS = 10_000;

/**
 * Posts each head, as its line, to somebody who keeps it: one after the other, at least once. It cannot be read again: the
 * database says which one was taken last.
 */
export class HeadWebhook implements HeadDestination {
  readonly name: string;
  readonly isToldOnly = true;
  readonly #url: string;
  readonly #secret: string | undefined;
  readonly #told: ToldHeads;

  constructor({ url, secret }: { url: string; secret: string | undefined }, db: Queryable) {
    // The path of an address may be a secret.
    const id = createHash('sha256').update(url).digest('hex').slice(0, 16);
    this.name = `The webhook at ${new URL(url).host} (${id.slice(0, 4)})`;
    this.#url = url;
    this.#secret = secret;
    this.#told = new ToldHeads(db, `head_on_webhook:${id}`);
  }

  last(): Promise<AuditHead | undefined> {
    return this.#told.last();
  }

  async append(heads: readonly AuditHead[], stop?: AbortSignal): Promise<void> {
    for (const head of heads) {
      await this.#post(headLine(head), stop);
      await this.#told.note(head);
    }
  }

  async #post(body: string, stop: AbortSignal | undefined): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'guichet' };
    if (this.#secret !== undefined) {
      const seconds = Math.floor(Date.now() / 1000);
      const signature = createHmac('sha256', this.#secret).update(`${seconds}.${body}`).digest('hex');
      headers['guichet-signature'] = `t=${seconds},v1=${signature}`;
    }
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const signal = stop === undefined ? patience : AbortSignal.any([patience, stop]);
    const response = await fetch(this.#url, { method: 'POST', headers, body, redirect: 'error', signal }).catch(
      (error: unknown) => {
        throw new Error(`${this.name} takes no heads: ${whyNot(error)}.`); // without its cause, which may name the address
      },
    );
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${this.name} takes no heads: it answered ${response.status}.`);
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be reached';
  if (error.name === 'TimeoutError') return `it did not answer within ${PATIENCE_MS / 1000} s`;
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'it cannot be reached';
}
