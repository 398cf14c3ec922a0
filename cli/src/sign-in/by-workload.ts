import { readFileSync } from 'node:fs';
import { GuichetError, type WorkloadAssertion } from '@guichet/contract';
import type { Context } from '../context.ts';

const PLATFORM_MS = 20_000;

/** The token by which the platform says which job or workload this is. */
export async function proofByWorkload(context: Context, gateway: string): Promise<WorkloadAssertion> {
  const token = await idToken(context, gateway);
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token))
    throw new GuichetError('usage.invalid', 'What the platform gave is not a signed JWT.', {
      remedy: 'See where GUICHET_ID_TOKEN, or the file that GUICHET_ID_TOKEN_FILE names, comes from.',
    });
  return { token };
}

/** GUICHET_ID_TOKEN (GitLab's id_tokens), the file of GUICHET_ID_TOKEN_FILE (Kubernetes), or GitHub Actions, which is asked. */
async function idToken(context: Context, gateway: string): Promise<string> {
  const { env } = context;
  if (env['GUICHET_ID_TOKEN']) return env['GUICHET_ID_TOKEN'].trim();
  const path = env['GUICHET_ID_TOKEN_FILE'];
  if (path) return fromFile(path);
  const [address, bearer] = [env['ACTIONS_ID_TOKEN_REQUEST_URL'], env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']];
  if (address && bearer) return fromGitHub(context, { address, bearer, audience: gateway });
  throw new GuichetError('token.missing', 'The platform has given this job no token.', {
    remedy:
      env['GITHUB_ACTIONS'] === 'true'
        ? "Give the job 'permissions: { id-token: write }'."
        : 'GitLab: id_tokens with GUICHET_ID_TOKEN. Kubernetes: a projected token, and GUICHET_ID_TOKEN_FILE. See docs/guide/machines.md.',
  });
}

function fromFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new GuichetError('token.missing', `${path}, which GUICHET_ID_TOKEN_FILE names, cannot be read.`, { cause });
  }
}

async function fromGitHub(
  { fetch = globalThis.fetch, interrupt }: Context,
  { address, bearer, audience }: { address: string; bearer: string; audience: string },
): Promise<string> {
  const failed = (cause?: unknown): GuichetError =>
    new GuichetError('gateway.unreachable', 'GitHub did not give this job a token.', { remedy: 'Try the job again.', cause });
  if (!URL.canParse(address)) throw failed();
  const url = new URL(address);
  url.searchParams.set('audience', audience);
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
      redirect: 'error', // it would carry the token of the job elsewhere
      signal: AbortSignal.any([interrupt, AbortSignal.timeout(PLATFORM_MS)]),
    });
    const answer: unknown = response.ok ? await response.json() : undefined;
    if (typeof answer === 'object' && answer !== null && 'value' in answer && typeof answer.value === 'string')
      return answer.value;
  } catch (cause) {
    interrupt.throwIfAborted();
    throw failed(cause);
  }
  throw failed();
}
