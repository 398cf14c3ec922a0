import { TunnelNotice } from '@guichet/contract';
import { dial, type SocketStream } from '@guichet/tunnel';
import type { Person, TestGateway } from './gateway.ts';

export interface TunnelClient {
  readonly stream: SocketStream;
  readonly notices: TunnelNotice[];
  /** The next line that comes; an end before it is an error. */
  line(): Promise<string>;
  /** Sends a line. */
  send(text: string): void;
}

export interface ConnectOptions {
  readonly who?: Person | { readonly token: string };
  readonly hold?: boolean;
  readonly headers?: Record<string, string>;
}

/** Connects to a request as its requester (nadia), or somebody else. Rejects with RefusedError when the gateway refuses. */
export async function connect(
  gateway: Pick<TestGateway, 'app' | 'token'>,
  id: string,
  { who = 'nadia', hold = false, headers = {} }: ConnectOptions = {},
): Promise<TunnelClient> {
  const token = typeof who === 'string' ? await gateway.token(`user:${who}`) : who.token;
  const url = `${gateway.app.url.replace('http', 'ws')}/v1/requests/${id}/tunnel${hold ? '?hold=true' : ''}`;
  const stream = await dial({ url, headers: { authorization: `Bearer ${token}`, ...headers }, timeoutMs: 15_000 });
  const notices: TunnelNotice[] = [];
  stream.listen((message) => void notices.push(TunnelNotice.parse(message)));
  let rest = '';
  const lines: string[] = [];
  return {
    stream,
    notices,
    send: (text) => void stream.write(`${text}\n`),
    line: async () => {
      while (lines.length === 0) {
        const chunk = await nextChunk(stream);
        const parts = (rest + chunk).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts);
      }
      return lines.shift() ?? '';
    },
  };
}

/** Without taking more than there is: what is not asked for waits at its sender. */
function nextChunk(stream: SocketStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const chunk: unknown = stream.read();
      if (chunk === null) return;
      stream.off('readable', look).off('close', gone);
      resolve(String(chunk));
    };
    const gone = (): void => reject(new Error('The connection was closed.'));
    stream.on('readable', look).on('close', gone);
    look();
  });
}
