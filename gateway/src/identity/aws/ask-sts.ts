import { GuichetError } from '@guichet/contract';
import { requestBounded } from '../assertions/bounded-request.ts';
import { bad, type SignedCall } from './signed-call.ts';

const TIMEOUT_MS = 5000;
const MAX_BYTES = 16 * 1024;

/** Who called, as AWS says. */
export interface AwsCaller {
  readonly arn: string;
  readonly account: string;
  readonly userId: string;
}

/** Sends the call as it was signed. `assertion.invalid` when AWS does not take it, `assertion.unavailable` when it does not answer. */
export async function askSts({ url, method, headers, body }: SignedCall): Promise<AwsCaller> {
  const answer = await requestBounded({ url, method, headers, body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
  const text = answer.body.toString('utf8');
  if (answer.status >= 400 && answer.status < 500) {
    const code = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(text)?.[1] ?? String(answer.status);
    throw bad(`is refused by AWS (${code})`, 'See that your AWS credentials are valid, and sign it anew.');
  }
  const caller = answer.status === 200 && /^(?:text|application)\/xml\b/.test(answer.contentType) ? callerOf(text) : undefined;
  if (caller !== undefined) return caller;
  throw new GuichetError('assertion.unavailable', `${url.host} does not answer as STS does (${answer.status}).`, {
    remedy: 'Try again. If it lasts: see which servers identity.aws.hosts names.',
  });
}

const FIELD = /<(Arn|UserId|Account)>([\w+=,.@:/-]{1,2048})<\/\1>\s*/y;

/**
 * The caller, of an answer that has exactly the shape of this one operation: no other element, attribute, comment or
 * entity can stand anywhere in it, and so nothing that a caller may have put into an answer is taken for what AWS says.
 */
export function callerOf(xml: string): AwsCaller | undefined {
  const inner =
    /^\s*(?:<\?xml version="1\.0"(?: encoding="(?:utf|UTF)-8")?\?>\s*)?<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/">\s*<GetCallerIdentityResult>\s*([^\0]*?)<\/GetCallerIdentityResult>\s*<ResponseMetadata>\s*<RequestId>[\w-]{1,100}<\/RequestId>\s*<\/ResponseMetadata>\s*<\/GetCallerIdentityResponse>\s*$/.exec(
      xml,
    )?.[1];
  if (inner === undefined) return undefined;
  const fields = new Map<string, string>();
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < inner.length) {
    const [, name, value] = FIELD.exec(inner) ?? [];
    if (name === undefined || value === undefined || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  const [arn, account, userId] = [fields.get('Arn'), fields.get('Account'), fields.get('UserId')];
  if (arn === undefined || account === undefined || userId === undefined || arn.split(':')[4] !== account) return undefined;
  return { arn, account, userId };
}
