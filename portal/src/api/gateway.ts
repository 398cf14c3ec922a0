import { type CallArguments, type CallName, type Client, createClient, type ResponseOf } from '@guichet/client';
import { GuichetError } from '@guichet/contract';
import { session } from './session.ts';

const CSRF_HEADER = 'x-guichet-csrf';

/** The gateway that has served this page. Every call of the console goes through it. */
export const gateway: Client = createClient({
  baseUrl: location.origin,
  headers: ({ method }) => (method === 'GET' ? {} : { [CSRF_HEADER]: session.csrf ?? '' }),
  fetch: watchedFetch,
  retries: 2,
});

/** Sends a call, and sees when the session is over, or another than this page knows, wherever the call was made from. */
async function watchedFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(input, init);
  // Where the page goes away there is nobody to tell what was refused: nothing flashes up before the sign-in.
  if (response.status === 401 && session.end() === 'leaves') return new Promise<never>(() => {});
  if (response.status !== 403 || init.method === 'GET' || !(await isForeign(response))) return response;
  // The cookie is that of a newer sign-in, in another tab. Of the same person: nothing was done, so it is sent once more.
  if (!(await session.renew())) return response;
  return fetch(input, { ...init, headers: { ...init.headers, [CSRF_HEADER]: session.csrf ?? '' } });
}

async function isForeign(response: Response): Promise<boolean> {
  const problem: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return typeof problem === 'object' && problem !== null && 'code' in problem && problem.code === 'csrf.refused';
}

/** A call whose answer is kept and shared, for `useQuery`: `useQuery(asked('requests.show', { params: { request } }))`. */
export function asked<Name extends CallName>(name: Name, ...[options]: CallArguments<Name>) {
  return {
    queryKey: [name, options ?? {}] as const,
    // CallArguments is narrowed by Name, which is not known here; the signal is a part of every call.
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<ResponseOf<Name>> =>
      gateway.call(name, ...([{ ...options, signal }] as unknown as CallArguments<Name>)),
  };
}

/** What went wrong, as one of the errors of the contract, whatever was thrown. */
export function asProblem(error: unknown): GuichetError {
  if (error instanceof GuichetError) return error;
  return new GuichetError('internal', error instanceof Error ? error.message : String(error), {
    remedy: 'Load the page again. If it stays, tell the team that runs Guichet what you did.',
    cause: error,
  });
}
