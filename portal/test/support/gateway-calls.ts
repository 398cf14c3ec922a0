import type { APIRequest, APIRequestContext } from '@playwright/test';
import { type Person, type Running, sessionFile } from './running.ts';

/** Calls of the API with the sessions that browsers have, made by no page. */
export class GatewayCalls {
  readonly #company: Running;
  readonly #request: APIRequest;
  readonly #contexts = new Map<Person, Promise<{ readonly context: APIRequestContext; readonly csrf: string }>>();

  constructor({ company, request }: { readonly company: Running; readonly request: APIRequest }) {
    this.#company = company;
    this.#request = request;
  }

  /** Sends a call as a person; throws with the problem document when it is refused. The answer is what the API says it is. */
  async send<Answer = Record<string, unknown>>(
    person: Person,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { context, csrf } = await this.#of(person);
    const response = await context.fetch(path, {
      method,
      headers: { ...(method !== 'GET' && { 'x-guichet-csrf': csrf, origin: this.#company.url }), ...headers },
      ...(body !== undefined && { data: body }),
    });
    const text = await response.text();
    if (!response.ok()) throw new Error(`${method} ${path} as ${person}: ${response.status()} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer; // the caller names what the route gives
  }

  async close(): Promise<void> {
    for (const opened of this.#contexts.values()) await (await opened).context.dispose();
  }

  #of(person: Person) {
    const opened = this.#contexts.get(person) ?? this.#open(person);
    this.#contexts.set(person, opened);
    return opened;
  }

  async #open(person: Person): Promise<{ context: APIRequestContext; csrf: string }> {
    const context = await this.#request.newContext({
      baseURL: this.#company.url,
      storageState: sessionFile(this.#company, person),
    });
    const me = (await (await context.get('/v1/me')).json()) as { csrf: string }; // as Me of the contract says of a session
    return { context, csrf: me.csrf };
  }
}
