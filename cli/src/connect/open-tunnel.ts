import { type Client, isProblem } from '@guichet/client';
import { fromProblem, GuichetError } from '@guichet/contract';
import { dial, RefusedError, type SocketStream } from '@guichet/tunnel';

const ANSWER_MS = 20_000;

/** One WebSocket to a request of the caller. Rejects with a GuichetError. */
export async function openTunnel(client: Client, request: string, { hold }: { hold: boolean }): Promise<SocketStream> {
  const first = await client.tunnel(request, { hold });
  try {
    return await dialled(client, first);
  } catch (error) {
    const isOld = error instanceof GuichetError && error.code === 'token.expired' && first.token !== undefined;
    if (!isOld) throw error;
    return dialled(client, await client.tunnel(request, { hold, expired: first.token }));
  }
}

async function dialled({ baseUrl }: Client, { url, headers }: Awaited<ReturnType<Client['tunnel']>>): Promise<SocketStream> {
  try {
    return await dial({ url, headers, timeoutMs: ANSWER_MS });
  } catch (error) {
    if (error instanceof RefusedError) {
      if (isProblem(error.body)) throw fromProblem(error.body, error.status >= 500 ? 'internal' : 'gateway.protocol');
      // A proxy speaks for a gateway that is away for the moment.
      const code = error.status >= 502 && error.status <= 504 ? 'gateway.unreachable' : 'gateway.protocol';
      throw new GuichetError(code, `${baseUrl} answered ${error.status} to the call for a connection.`, {
        remedy: 'A proxy in front of the gateway has to let WebSockets through.',
      });
    }
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    throw new GuichetError('gateway.unreachable', `The gateway at ${baseUrl} cannot be reached${code}.`, {
      remedy: 'Check that it runs, and your network or VPN.',
      cause: error,
    });
  }
}
