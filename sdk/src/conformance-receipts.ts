import { randomUUID } from 'node:crypto';
import { LedgerPage, Plan, ReceiptClaims, type RunMessage } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { PublicProtocol } from 'paseto';
import { ImportPublicKeyFactory, VerifyFactory } from 'paseto/v4/public';
import { type ConformanceCheck, type ConformanceSubject, check, must } from './conformance-check.ts';
import { type ConformanceClient, expectProblem, readRun } from './conformance-client.ts';
import { signGrant } from './grants.ts';

const v4 = new PublicProtocol(VerifyFactory, ImportPublicKeyFactory);

/** Section 11 of the protocol. What a provider does not say that it does is not asked of it: then the checks pass. */
export function receipts(client: ConformanceClient, { write }: ConformanceSubject): ConformanceCheck[] {
  async function ran(): Promise<{ last: RunMessage | undefined; grant: string; run: string }> {
    const [grant, run] = [randomUUID(), randomUUID()];
    const { seen } = Plan.parse(await (await client.send({ sample: write, phase: 'plan' })).json());
    const answer = await client.send({ sample: write, phase: 'run', body: { seen }, grant: { jti: grant, run } });
    return { last: (await readRun(answer)).at(-1), grant, run };
  }

  async function ledger(query: Record<string, string>, granted = query): Promise<Response> {
    const { claims } = await client.claims({ sample: write, phase: 'plan' });
    const grant = { ...claims, phase: 'ledger', action: '*', environment: '*', version: '', body: digestOf(granted) } as const;
    const token = await signGrant(client.options.key, grant);
    return client.get(`/guichet/v1/ledger?${new URLSearchParams(query)}`, { authorization: `Bearer ${token}` });
  }

  const since = (): string => new Date(Date.now() - 60_000).toISOString();
  return [
    check('signs a receipt for a run, with the key of its manifest', async () => {
      const key = (await client.manifest()).receipts;
      if (key === undefined) return;
      const { last, grant, run } = await ran();
      must(last?.type === 'result' || last?.type === 'failure', 'the run has no end');
      const token = last?.type === 'result' || last?.type === 'failure' ? last.receipt : undefined;
      must(token !== undefined, 'the last message has no receipt');
      // The manifest was parsed: it is a k4.public PASERK.
      const publicKey = await v4.ImportPublicKey(key.paserk as `k4.public.${string}`);
      const { claims } = await v4.Verify(publicKey, token ?? '', { allowNonExpiring: true });
      const said = ReceiptClaims.parse(claims);
      must(said.grant === grant && said.run === run, 'the receipt is for another grant or run');
      const end = last?.type === 'result' ? last.output : last?.type === 'failure' ? last.failure : undefined;
      must(said.result === digestOf(end), 'the receipt has another digest than that of the result');
    }),
    check('has each run in its ledger before it says how it ended', async () => {
      if ((await client.manifest()).ledger !== true) return;
      const { grant, run, last } = await ran();
      const entries: LedgerPage['entries'] = [];
      let cursor: string | null = null;
      const from = since();
      do {
        const query: Record<string, string> = { since: from, limit: '2', ...(cursor !== null && { cursor }) };
        const page: LedgerPage = LedgerPage.parse(await (await ledger(query)).json());
        entries.push(...page.entries);
        cursor = page.next;
      } while (cursor !== null);
      const entry = entries.find((each) => each.grant === grant);
      must(entry?.run === run, 'the ledger does not have the run');
      must(entry?.status === (last?.type === 'result' ? 'succeeded' : 'failed'), `the ledger says ${entry?.status}`);
    }),
    check('shows its ledger for a grant of this very query alone', async () => {
      if ((await client.manifest()).ledger !== true) return;
      const query = { since: since() };
      await expectProblem(await client.get(`/guichet/v1/ledger?since=${query.since}`), 'grant.invalid', 401);
      await expectProblem(await ledger(query, { since: '2020-01-01T00:00:00Z' }), 'grant.invalid', 401);
    }),
  ];
}
