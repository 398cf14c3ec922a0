import { type AwsAssertion, GuichetError } from '@guichet/contract';
import { oneLine } from '../assertions/plain-text.ts';

/** How old, or how far ahead, a signature may be. */
export const WINDOW_MS = 5 * 60_000;

export const GATEWAY_HEADER = 'x-guichet-gateway';
const BODIES = ['Action=GetCallerIdentity&Version=2011-06-15', 'Version=2011-06-15&Action=GetCallerIdentity'];
const FORM = 'application/x-www-form-urlencoded; charset=utf-8';

/** Headers that a signature may cover. None of them changes what is asked, or how the answer is written. */
const MAY_BE_SIGNED = [
  'host',
  GATEWAY_HEADER,
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
  'content-type',
  'content-length',
  'user-agent',
  'x-amz-user-agent',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
];

/** A call of sts:GetCallerIdentity that is exactly that, as it is to be sent. */
export interface SignedCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** 64 hexadecimal digits; what is signed has no second form. */
  readonly signature: string;
  readonly signedAt: Date;
}

export interface CheckOptions {
  /** Origins, as `https://sts.eu-west-3.amazonaws.com`. */
  readonly hosts: readonly string[];
  /** The address of this gateway, without a slash at the end. */
  readonly gateway: string;
  readonly now: Date;
}

/** What is signed, and how: the same for both forms that a signed call has. */
interface Signature {
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly date: string;
}

/**
 * The call, when all of it is as it must be; nothing is sent for it before. Each part has one form that is taken, so that
 * there is nothing for AWS to read in another way than the gateway. Throws `assertion.invalid`.
 */
export function checkSignedCall(given: AwsAssertion, { hosts, gateway, now }: CheckOptions): SignedCall {
  const { origin, host, query } = addressOf(given.url, hosts);
  const headers = lowerCased(given.headers);
  const { signedHeaders, signature, date } =
    given.method === 'GET'
      ? presigned({ query, headers, body: given.body })
      : signedByHeader({ query, headers, body: given.body });
  const signedAt = timeOf(date);
  if (Math.abs(now.getTime() - signedAt.getTime()) > WINDOW_MS)
    throw bad('was signed more than 5 minutes ago, or ahead of time', 'Sign it anew, with a clock that is right.');
  for (const name of signedHeaders) {
    if (!MAY_BE_SIGNED.includes(name))
      throw bad(`signs the header ${oneLine(name, 60)}`, `Sign only ${MAY_BE_SIGNED.join(', ')}.`);
    if (headers.get(name) === undefined)
      throw bad(`lacks the signed header ${name}`, 'Send every header that the signature covers.');
  }
  if (!signedHeaders.includes('host') || headers.get('host') !== host)
    throw bad('does not sign the host that it is for', 'Sign the header host, with the host of the url.');
  refuseOtherGateway(signedHeaders.includes(GATEWAY_HEADER) ? headers.get(GATEWAY_HEADER) : undefined, gateway);
  const url = new URL(`${origin}/${query === undefined ? '' : `?${query}`}`);
  const signed = Object.fromEntries(signedHeaders.map((name) => [name, headers.get(name) ?? '']));
  if (given.method === 'GET') return { method: 'GET', url, headers: signed, body: undefined, signature, signedAt };
  refuseOtherBody(signed, given.body);
  const sent = { 'content-type': FORM, ...signed, 'content-length': String(given.body.length) };
  return {
    method: 'POST',
    url,
    headers: { ...sent, authorization: headers.get('authorization') ?? '' },
    body: given.body,
    signature,
    signedAt,
  };
}

/** The address has one spelling: scheme, host in lower case, slash. No user, no encoding, no dot at the end, no IPv6. */
function addressOf(url: string, hosts: readonly string[]): { origin: string; host: string; query: string | undefined } {
  const match = /^(https?:\/\/([a-z0-9.:-]+))\/(?:\?([A-Za-z0-9%&=._~-]*))?$/.exec(url);
  const [, origin, host, query] = match ?? [];
  if (origin === undefined || host === undefined || !hosts.includes(origin))
    throw bad('is not for a server of STS that this gateway asks', 'Sign it for https://sts.REGION.amazonaws.com/.');
  return { origin, host, query };
}

function lowerCased(given: AwsAssertion['headers']): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (headers.has(key)) throw bad(`has the header ${key} twice`, 'Send each once.');
    if (!/^[\x20-\x7e]*$/.test(value)) throw bad(`has a header ${key} that is no plain text`, 'Send it as it was signed.');
    headers.set(key, value);
  }
  return headers;
}

interface Parts {
  readonly query: string | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function signedByHeader({ query, headers, body }: Parts): Signature {
  if (query !== undefined) throw bad('has a query', 'A POST says what it asks in its body.');
  if (!BODIES.includes(body)) throw bad('asks something else than who calls', `The body must be ${BODIES[0]}.`);
  const match =
    /^AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,128}\/([0-9]{8})\/[a-z0-9-]{1,40}\/sts\/aws4_request), ?SignedHeaders=([a-z0-9;-]{1,500}), ?Signature=([0-9a-f]{64})$/.exec(
      headers.get('authorization') ?? '',
    );
  const [, , day, names = '', signature = ''] = match ?? [];
  if (day === undefined) throw notSigned();
  const date = headers.get('x-amz-date') ?? '';
  if (!names.split(';').includes('x-amz-date') || !date.startsWith(day))
    throw bad('does not sign its date', 'Sign the header x-amz-date.');
  return { signedHeaders: names.split(';'), signature, date };
}

const MUST_BE_THERE: ReadonlyMap<string, RegExp> = new Map([
  ['Action', /^GetCallerIdentity$/],
  ['Version', /^2011-06-15$/],
  ['X-Amz-Algorithm', /^AWS4-HMAC-SHA256$/],
  ['X-Amz-Credential', /^[A-Z0-9]{16,128}\/[0-9]{8}\/[a-z0-9-]{1,40}\/sts\/aws4_request$/],
  ['X-Amz-Date', /^[0-9]{8}T[0-9]{6}Z$/],
  ['X-Amz-Expires', /^[1-9][0-9]{0,5}$/],
  ['X-Amz-SignedHeaders', /^[a-z0-9;-]{1,500}$/],
  ['X-Amz-Signature', /^[0-9a-f]{64}$/],
]);
const MAY_BE_THERE: ReadonlyMap<string, RegExp> = new Map([
  ['X-Amz-Security-Token', /^[\x21-\x7e]{1,4096}$/],
  ['X-Amz-Content-Sha256', /^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD)$/],
]);

function presigned({ query = '', headers, body }: Parts): Signature {
  if (body !== '' || headers.has('authorization')) throw bad('is signed in two ways', 'A GET says all in its query.');
  const fields = new Map<string, string>();
  for (const part of query.split('&')) {
    const [name = '', value, ...rest] = part.split('=');
    const wanted = MUST_BE_THERE.get(name) ?? MAY_BE_THERE.get(name);
    const text = decoded(value ?? '');
    // Names are compared as they are written: one that is encoded is another one.
    if (wanted === undefined || rest.length > 0 || fields.has(name) || !wanted.test(text))
      throw bad(
        `has a query with ${oneLine(name, 60)} where that cannot be`,
        'Presign GetCallerIdentity of STS, and nothing else.',
      );
    fields.set(name, text);
  }
  const of = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw notSigned();
    return value;
  };
  for (const name of MUST_BE_THERE.keys()) of(name);
  const date = of('X-Amz-Date');
  if (of('X-Amz-Credential').split('/')[1] !== date.slice(0, 8)) throw bad('has two dates', 'Sign it anew.');
  return { signedHeaders: of('X-Amz-SignedHeaders').split(';'), signature: of('X-Amz-Signature'), date };
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}

function timeOf(date: string): Date {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  const time = match === null ? Number.NaN : Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(time)) throw bad('has no date', 'Sign it with x-amz-date, such as 20261121T093000Z.');
  return new Date(time);
}

/** The header is what binds the call to this gateway: whoever else is shown it cannot use it here. */
function refuseOtherGateway(named: string | undefined, gateway: string): void {
  if (named === undefined) throw bad(`does not sign the header ${GATEWAY_HEADER}`, `Set it to ${gateway}, and sign it.`);
  if (named.replace(/\/$/, '') === gateway) return;
  throw bad(
    `was signed for the gateway ${oneLine(named, 100)}`,
    `This one is ${gateway}: guichet login --aws --gateway ${gateway}`,
  );
}

function refuseOtherBody(signed: Readonly<Record<string, string>>, body: string): void {
  const { 'content-type': type = FORM, 'content-length': length = String(body.length) } = signed;
  if (!/^application\/x-www-form-urlencoded(?:; ?charset=utf-8)?$/i.test(type))
    throw bad('signs another content-type', `It must be ${FORM}.`);
  if (length !== String(body.length)) throw bad('signs another content-length', 'Send the body that was signed.');
}

const notSigned = (): GuichetError =>
  bad('is not signed for STS with Signature Version 4', 'Sign it with AWS4-HMAC-SHA256, for the service sts.');

export const bad = (what: string, remedy: string): GuichetError =>
  new GuichetError('assertion.invalid', `This signed call ${what}.`, { remedy });
