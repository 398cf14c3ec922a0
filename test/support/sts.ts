import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AwsAssertion } from '@guichet/contract';
import aws4 from 'aws4';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export const KEYS: AwsKeys = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI',
  sessionToken: 'FwoGZXIvYXdzEJr//w==',
};
const ACCOUNT = '123456789012';
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

export const answerOf = (arn: string): string => `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>${arn}</Arn>
    <UserId>AROA3XFRBF535PLBIFPI4:job</UserId>
    <Account>${ACCOUNT}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * A server of STS that counts its calls and, unlike moto, checks their signatures (Signature Version 4) by its own
 * reckoning: a call that the gateway changed on its way is refused here.
 */
export class Sts implements AsyncDisposable {
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  calls = 0;
  /** Who the keys are. */
  arn = `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/orders-17`;
  /** Answers instead of this one, for when it should behave badly. */
  instead: ((response: ServerResponse) => void) | undefined;
  url = '';

  static async start(): Promise<Sts> {
    const sts = new Sts();
    await new Promise<void>((resolve) => sts.#server.listen(0, '127.0.0.1', resolve));
    sts.url = `http://127.0.0.1:${(sts.#server.address() as AddressInfo).port}`; // it listens on TCP
    return sts;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.calls++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // nothing sets an encoding
    if (this.instead !== undefined) return this.instead(response);
    const isRight = isSigned(request, Buffer.concat(chunks).toString());
    response.writeHead(isRight ? 200 : 403, { 'content-type': 'text/xml' });
    response.end(
      isRight ? answerOf(this.arn) : '<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function isSigned({ method = '', url = '', headers }: IncomingMessage, body: string): boolean {
  const { searchParams: query, pathname } = new URL(url, 'http://sts');
  const presigned = query.get('X-Amz-Signature');
  const byHeader = /Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(headers.authorization ?? '');
  const [credential, names, signature] =
    presigned === null
      ? (byHeader?.slice(1) ?? [])
      : [query.get('X-Amz-Credential'), query.get('X-Amz-SignedHeaders'), presigned];
  const date = presigned === null ? headers['x-amz-date'] : query.get('X-Amz-Date');
  if (!credential || !names || !signature || typeof date !== 'string') return false;
  const [id, ...scope] = credential.split('/');
  const [day = '', region = '', service = ''] = scope;
  if (id !== KEYS.accessKeyId || service !== 'sts') return false;
  if (presigned === null && headers['x-amz-security-token'] !== KEYS.sessionToken) return false;
  query.delete('X-Amz-Signature');
  const encoded = [...query].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).sort();
  const lines = names.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`);
  const payload = createHash('sha256').update(body).digest('hex');
  const canonical = [method, pathname, encoded.join('&'), lines.join(''), names, payload].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${KEYS.secretAccessKey}`);
  return hmac(key, toSign).toString('hex') === signature;
}

export interface SignOptions {
  readonly keys?: AwsKeys;
  /** The value of x-guichet-gateway; null leaves it out. */
  readonly gateway: string | null;
  readonly date?: Date;
  readonly presigned?: boolean;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly path?: string;
  readonly host?: string;
}

/** What a caller sends: a signed question to the server who they are. */
export function sign(
  url: string,
  { keys = KEYS, gateway, date, presigned = false, headers = {}, body, path, host }: SignOptions,
): AwsAssertion {
  const method = presigned ? 'GET' : 'POST';
  const amzDate = (date ?? new Date()).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const wanted = {
    host: host ?? new URL(url).host,
    'amz-sdk-invocation-id': crypto.randomUUID(), // two calls within a second would have one signature
    ...(gateway !== null && { 'x-guichet-gateway': gateway }),
    ...(presigned ? {} : { 'X-Amz-Date': amzDate, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }),
    ...headers,
  };
  const query = `/?${BODY}&X-Amz-Date=${amzDate}&X-Amz-Expires=300`;
  const given = {
    method,
    service: 'sts',
    region: 'us-east-1',
    signQuery: presigned,
    headers: wanted,
    path: path ?? (presigned ? query : '/'),
  };
  const signed = aws4.sign(presigned ? given : { ...given, body: body ?? BODY }, { ...keys });
  const sent = Object.entries(signed.headers ?? {}).map(([name, value]) => [name, String(value)]);
  return { method, url: `${url}${signed.path}`, headers: Object.fromEntries(sent), body: presigned ? '' : (body ?? BODY) };
}
