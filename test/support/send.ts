import type { TestGateway } from './gateway.ts';

export interface Sent {
  readonly method?: string;
  readonly path: string;
  /** Text and bytes are sent as they are, all else as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly anonymous?: boolean;
}

/** Sends calls as they are given, however broken, with the token of a person. */
export function sender(gateway: TestGateway, token: string): (sent: Sent) => Promise<Response> {
  return ({ method = 'GET', path, body, headers = {}, anonymous = false }) => {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    return fetch(`${gateway.app.url}${path}`, {
      method,
      headers: {
        ...(!anonymous && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }), // fetch takes bytes too
    });
  };
}
