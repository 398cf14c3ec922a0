import type { Client } from '@guichet/client';
import { GuichetError } from '@guichet/contract';
import { type AuditHead, readHead } from '@guichet/contract/audit-log';

export interface ServedHeads {
  readonly heads: readonly AuditHead[];
  /** Why the gateway seals no more. */
  readonly problem: string | null;
}

/** Every head that the gateway has. */
export async function servedHeads(client: Client, signal: AbortSignal): Promise<ServedHeads> {
  const heads: AuditHead[] = [];
  let after: number | null = 0;
  let problem: string | null = null;
  while (after !== null) {
    const page: { items: readonly unknown[]; next: number | null; problem: string | null } = await client.call('audit.heads', {
      query: { after },
      signal,
    });
    for (const item of page.items) {
      const head = readHead(item);
      if (head === undefined)
        throw new GuichetError('gateway.protocol', 'The gateway gave a head that this version cannot read.');
      heads.push(head);
    }
    ({ next: after, problem } = page);
  }
  return { heads, problem };
}

export interface ServedEvents {
  readonly lines: readonly string[];
  /** Place of the first of them in the log. */
  readonly start: number;
  readonly hashes: Buffer;
  /** The head after which the next page begins; null after the last one. */
  readonly next: number | null;
}

/** The sealed events after a head, page by page. */
export async function* servedEvents(client: Client, after: number, signal: AbortSignal): AsyncGenerator<ServedEvents> {
  for (let from: number | null = after; from !== null; ) {
    const page: { lines: readonly string[]; start: number; hashes: string; next: number | null } = await client.call(
      'audit.export',
      {
        query: { after: from },
        signal,
      },
    );
    yield { ...page, hashes: Buffer.from(page.hashes, 'base64') };
    from = page.next;
  }
}
