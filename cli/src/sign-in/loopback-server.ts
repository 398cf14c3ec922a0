import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the browser brought. */
export type Brought = { readonly code: string } | { readonly error: string };

export interface LoopbackServer {
  /** Where the gateway sends the browser back to. */
  readonly redirectUri: string;
  /** Resolves with the first answer that carries the state. */
  readonly brought: Promise<Brought>;
  /** What the browser, which is still waiting, shows at the end; then nobody listens any more. */
  finish(page: { readonly title: string; readonly text: string }): Promise<void>;
}

const PATH = '/callback';

/** Listens on this machine alone, on a port that is free, for the browser that comes back. */
export async function listenForBrowser(state: string): Promise<LoopbackServer> {
  let waiting: ServerResponse | undefined;
  let resolve: (brought: Brought) => void;
  const brought = new Promise<Brought>((resolved) => {
    resolve = resolved;
  });
  const server = createServer((request, response) => {
    const answer = waiting === undefined ? answerOf(request, { host: hostOf(server.address()), state }) : undefined;
    if (answer === undefined)
      return show(response, { status: 404, title: 'Nothing here', text: 'This is not the page you look for.' });
    waiting = response;
    resolve(answer);
  });
  await new Promise<void>((listening, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', listening);
  });
  return {
    redirectUri: `http://${hostOf(server.address())}${PATH}`,
    brought,
    finish: async (page) => {
      if (waiting !== undefined) show(waiting, { status: 200, ...page });
      await new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeIdleConnections();
        // A browser that opened a second connection, and asks nothing on it, is not waited for.
        setTimeout(() => server.closeAllConnections(), 500).unref();
      });
    },
  };
}

const hostOf = (address: ReturnType<ReturnType<typeof createServer>['address']>): string =>
  `127.0.0.1:${(address as AddressInfo).port}`; // it listens on TCP

/** A call that can only come from the sign-in that was begun here. Everything else is not answered for. */
function answerOf(request: IncomingMessage, { host, state }: { host: string; state: string }): Brought | undefined {
  const url = new URL(request.url ?? '/', `http://${host}`);
  // Another name for this address would be a page of somebody else's that reaches in here.
  if (request.method !== 'GET' || request.headers.host !== host || url.pathname !== PATH) return undefined;
  if (url.searchParams.get('state') !== state) return undefined;
  const [code, error] = [url.searchParams.get('code'), url.searchParams.get('error')];
  if (code !== null) return { code };
  return error === null ? undefined : { error };
}

interface LastPage {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** As the gateway's own pages look, of which this one is the last. */
const STYLE = `:root{color-scheme:light dark}*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:1.0625rem/1.5 system-ui,sans-serif;
background:light-dark(#f4f5f7,#131417);color:light-dark(#1c1c1f,#f2f2f4)}
main{width:100%;max-width:30rem;padding:2rem 1.5rem;border:1px solid light-dark(#d9dbe0,#3a3d45);border-radius:.75rem;
background:light-dark(#fff,#1d1f24)}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}p{margin:0;overflow-wrap:anywhere}
.house{margin:0 0 1.25rem;font-size:.9375rem;font-weight:600;color:light-dark(#5c5c66,#b4b4bd)}`;

function show(response: ServerResponse, { status, title, text }: LastPage): void {
  const nonce = globalThis.crypto.randomUUID();
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Guichet</title><style nonce="${nonce}">${STYLE}</style></head>
<body><main><p class="house">Guichet</p><h1>${escaped(title)}</h1><p>${escaped(text)}</p></main></body></html>
`);
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
