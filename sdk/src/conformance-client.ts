import { randomUUID } from 'node:crypto';
import {
  type CallBody,
  type ErrorCode,
  type GrantClaims,
  Manifest,
  type ManifestAction,
  type Phase,
  Problem,
  RunMessage,
} from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type GrantKey, signGrant } from './grants.ts';

/** One action of the provider under test, with input that it accepts. */
export interface SampleCall {
  readonly action: string;
  readonly input: Record<string, unknown>;
}

/** What a check sends: a right call, and what the check makes wrong about it. */
export interface Sending {
  readonly sample: SampleCall;
  readonly phase: Phase;
  /** Changes to the body; the grant covers the changed body. */
  readonly body?: Partial<CallBody>;
  /** Changes to the claims. */
  readonly grant?: Partial<GrantClaims>;
  /** Signs instead of the right key. */
  readonly key?: GrantKey;
  /** Changes to the HTTP request, made after the grant. */
  readonly request?: RequestInit;
}

export interface ConformanceClientOptions {
  readonly baseUrl: string;
  readonly key: Pick<GrantKey, 'kid' | 'secret'>;
  readonly environment: string;
}

/** A gateway that can be told to make mistakes. */
export class ConformanceClient {
  readonly options: ConformanceClientOptions;

  constructor(options: ConformanceClientOptions) {
    this.options = options;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(new URL(path, this.options.baseUrl), { headers });
  }

  async manifest(): Promise<Manifest> {
    return Manifest.parse(await (await this.get('/guichet/v1/manifest')).json());
  }

  async action(name: string): Promise<ManifestAction> {
    const action = (await this.manifest()).actions.find((candidate) => candidate.name === name);
    if (!action) throw new Error(`the manifest has no action '${name}'`);
    return action;
  }

  async claims({ sample, phase, body, grant }: Sending): Promise<{ claims: GrantClaims; body: CallBody }> {
    const manifest = await this.manifest();
    const action = manifest.actions.find(({ name }) => name === sample.action);
    const whole: CallBody = { environment: this.options.environment, input: sample.input, ...body };
    const forRun = action?.kind === 'write' && phase !== 'plan' && phase !== 'options';
    const claims: GrantClaims = {
      jti: randomUUID(),
      iss: 'conformance',
      aud: manifest.provider,
      iat: new Date().toISOString(),
      exp: new Date(Date.now() + 60_000).toISOString(),
      phase,
      action: sample.action,
      version: action?.version ?? 'sha256:unknown',
      environment: this.options.environment,
      caller: { id: 'user:conformance', name: 'Conformance', teams: ['conformance'] },
      approvers: [],
      request: forRun ? 'REQ-1' : null,
      run: forRun ? randomUUID() : null,
      body: digestOf(whole),
      ...grant,
    };
    return { claims, body: whole };
  }

  async send(sending: Sending): Promise<Response> {
    const { sample, phase, key, request } = sending;
    const { claims, body } = await this.claims(sending);
    const token = await signGrant(key ?? this.options.key, claims);
    return fetch(new URL(`/guichet/v1/actions/${sample.action}/${phase}`, this.options.baseUrl), {
      method: 'POST',
      body: JSON.stringify(body),
      ...request,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...Object.fromEntries(new Headers(request?.headers)),
      },
    });
  }
}

/** Passes when the answer is a problem document with this code and its status. */
export async function expectProblem(answer: Response, code: ErrorCode, status: number): Promise<Problem> {
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`expected ${status} ${code}, got ${answer.status}: ${text.slice(0, 500)}`);
  const type = answer.headers.get('content-type') ?? '';
  if (!type.startsWith('application/problem+json')) throw new Error(`expected application/problem+json, got '${type}'`);
  const problem = Problem.parse(JSON.parse(text));
  if (problem.code !== code) throw new Error(`expected the code ${code}, got ${problem.code}: ${problem.detail}`);
  return problem;
}

/** Every message of a run; fails when the answer is not a stream of them, or when something follows the last. */
export async function readRun(answer: Response): Promise<RunMessage[]> {
  const text = await answer.text();
  if (!answer.ok) throw new Error(`expected a stream, got ${answer.status}: ${text.slice(0, 500)}`);
  const type = answer.headers.get('content-type') ?? '';
  if (!type.startsWith('application/x-ndjson')) throw new Error(`expected application/x-ndjson, got '${type}'`);
  if (!text.endsWith('\n')) throw new Error('the last line has no newline');
  const messages = text
    .split('\n')
    .slice(0, -1)
    .map((line) => RunMessage.parse(JSON.parse(line)));
  const end = messages.findIndex(({ type: kind }) => kind === 'result' || kind === 'failure');
  if (end === -1) throw new Error('the stream ended without a result or a failure');
  if (end !== messages.length - 1) throw new Error('messages follow the result or failure');
  return messages;
}
