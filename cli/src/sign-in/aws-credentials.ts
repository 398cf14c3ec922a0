import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GuichetError } from '@guichet/contract';
import type { Context } from '../context.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const TOOL_MS = 20_000;

/**
 * Credentials as AWS tools find them: the environment; what `aws configure export-credentials` gives (which knows SSO,
 * roles and instances); the shared credentials file. `token.missing` when there are none.
 */
export async function awsCredentials(context: Context): Promise<AwsCredentials> {
  const found = fromEnvironment(context.env) ?? (await fromTool(context)) ?? fromFile(context);
  if (found !== undefined) return found;
  throw new GuichetError('token.missing', 'There are no AWS credentials here.', {
    remedy: 'Sign in to AWS first (aws sso login, say), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
  });
}

function fromEnvironment(env: Context['env']): AwsCredentials | undefined {
  return complete({
    accessKeyId: env['AWS_ACCESS_KEY_ID'],
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'],
    sessionToken: env['AWS_SESSION_TOKEN'],
  });
}

interface Parts {
  readonly accessKeyId: unknown;
  readonly secretAccessKey: unknown;
  readonly sessionToken: unknown;
}

function complete({ accessKeyId, secretAccessKey, sessionToken }: Parts): AwsCredentials | undefined {
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string' || !accessKeyId || !secretAccessKey)
    return undefined;
  return { accessKeyId, secretAccessKey, ...(typeof sessionToken === 'string' && sessionToken && { sessionToken }) };
}

/** What the AWS command line gives; undefined where it is not installed, or gives none. */
function fromTool({ env, interrupt }: Context): Promise<AwsCredentials | undefined> {
  return new Promise((resolve) => {
    const signal = AbortSignal.any([interrupt, AbortSignal.timeout(TOOL_MS)]);
    const child = spawn('aws', ['configure', 'export-credentials', '--format', 'process'], {
      env: { ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
      signal,
    });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.once('error', () => resolve(undefined));
    child.once('close', () => resolve(fromProcess(Buffer.concat(said).toString('utf8'))));
  });
}

function fromProcess(text: string): AwsCredentials | undefined {
  try {
    const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(text) as Readonly<Record<string, unknown>>; // looked at below
    return complete({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken });
  } catch {
    return undefined;
  }
}

function fromFile({ env, home }: Context): AwsCredentials | undefined {
  const path = env['AWS_SHARED_CREDENTIALS_FILE'] || join(home, '.aws', 'credentials');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const section = sectionOf(text, env['AWS_PROFILE'] || 'default');
  return complete({
    accessKeyId: section.get('aws_access_key_id'),
    secretAccessKey: section.get('aws_secret_access_key'),
    sessionToken: section.get('aws_session_token'),
  });
}

/** The fields of `[name]` in a file as AWS tools write it. */
function sectionOf(text: string, name: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let current: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (head !== undefined) current = head;
    const [, field, value] = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (current === name && field !== undefined && value !== undefined) fields.set(field, value);
  }
  return fields;
}
