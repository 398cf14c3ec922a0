import { randomUUID } from 'node:crypto';
import { type CallBody, Problem, TUNNEL_CLOSE, TunnelFromProvider } from '@guichet/contract';
import { dial, RefusedError, type SocketStream } from '@guichet/tunnel';
import { type ConformanceCheck, type ConformanceSubject, check, must } from './conformance-check.ts';
import type { ConformanceClient, Sending } from './conformance-client.ts';
import { signGrant } from './grants.ts';

const ANSWER_MS = 10_000;

/** Section 12: holds of a tunnel, for they carry no bytes of any protocol. */
export function tunnels(client: ConformanceClient, { tunnel }: Pick<ConformanceSubject, 'tunnel'>): ConformanceCheck[] {
  if (tunnel === undefined) return [];
  const hold = { sample: tunnel, phase: 'tunnel', body: { hold: true } } as const;

  /** A WebSocket with a grant; what makes it a tunnel is told over it. */
  async function dialled(sending: Sending): Promise<{ stream: SocketStream; body: CallBody }> {
    const { claims, body } = await client.claims(sending);
    const { baseUrl, key } = client.options;
    const url = new URL(`/guichet/v1/actions/${sending.sample.action}/tunnel`, baseUrl.replace(/^http/, 'ws')).href;
    const headers = { authorization: `Bearer ${await signGrant(sending.key ?? key, claims)}` };
    return { stream: await dial({ url, headers, timeoutMs: ANSWER_MS }), body };
  }

  async function opened(sending: Sending): Promise<{ stream: SocketStream; first: TunnelFromProvider | undefined }> {
    const { stream, body } = await dialled(sending);
    stream.resume();
    const heard = new Promise<TunnelFromProvider | undefined>((resolve) => {
      stream.listen((message) => resolve(TunnelFromProvider.parse(message)));
      void stream.over.then(() => resolve(undefined));
    });
    stream.tell({ type: 'call', body });
    return { stream, first: await heard };
  }

  return [
    check('says in its manifest that it has a tunnel', async () => {
      const action = await client.action(tunnel.action);
      must(action.tunnel === true && action.output === 'connection', `'${tunnel.action}' has no tunnel, or gives no connection`);
    }),
    check('gives no WebSocket for a grant of another phase', async () => {
      const refusal = await dialled({ ...hold, grant: { phase: 'run' } }).catch((error: unknown) => error);
      const problem = refusal instanceof RefusedError ? Problem.safeParse(refusal.body).data : undefined;
      must(problem?.code === 'grant.invalid', `expected grant.invalid before the upgrade, got ${String(refusal)}`);
    }),
    check('opens a tunnel, and ends it in order', async () => {
      const { stream, first } = await opened(hold);
      must(first?.type === 'opened', `expected opened, got ${JSON.stringify(first)}`);
      stream.end();
      const { code } = await stream.over;
      must(code === TUNNEL_CLOSE.over, `it was closed with ${code}`);
    }),
    check('opens one tunnel for a grant', async () => {
      const once = { ...hold, grant: { jti: randomUUID() } };
      const { stream } = await opened(once);
      const { first, stream: second } = await opened(once);
      must(first?.type === 'failed' && first.problem.code === 'grant.used', `expected grant.used, got ${JSON.stringify(first)}`);
      for (const each of [stream, second]) each.destroy();
    }),
    check('refuses a body that the grant was not made for', async () => {
      const { stream, body } = await dialled(hold);
      const heard = new Promise<unknown>((resolve) => stream.listen(resolve));
      stream.tell({ type: 'call', body: { ...body, seen: 'something else' } });
      const first = TunnelFromProvider.parse(await heard);
      must(
        first.type === 'failed' && first.problem.code === 'grant.invalid',
        `expected grant.invalid, got ${JSON.stringify(first)}`,
      );
      stream.destroy();
    }),
  ];
}
