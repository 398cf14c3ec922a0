/** Codes that stand where a start-up message has its protocol version. */
export const CANCEL_REQUEST = 80_877_102;
export const SSL_REQUEST = 80_877_103;
export const GSSENC_REQUEST = 80_877_104;
export const PROTOCOL_3_0 = 196_608;

/** A message: its type, its length, its body. */
export function message(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** One of the messages that begin a connection: they have no type. */
export function startMessage(code: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, body]);
}

export function startupMessage(parameters: ReadonlyMap<string, string>): Buffer {
  const pairs = [...parameters].map(([name, value]) => `${name}\0${value}\0`).join('');
  return startMessage(PROTOCOL_3_0, Buffer.from(`${pairs}\0`));
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export const AUTHENTICATION_OK = message('R', int32(0));

export interface Complaint {
  readonly severity: 'FATAL' | 'ERROR';
  /** SQLSTATE */
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function errorResponse({ severity, code, message: text, hint }: Complaint): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`, ...(hint === undefined ? [] : [`H${hint}`])];
  return message('E', `${fields.map((field) => `${field.replaceAll('\0', '')}\0`).join('')}\0`);
}

/** The fields of an ErrorResponse or NoticeResponse by their letters. */
export function errorFields(body: Buffer): Record<string, string | undefined> {
  const fields = body
    .toString('utf8')
    .split('\0')
    .filter((field) => field !== '');
  return Object.fromEntries(fields.map((field) => [field.slice(0, 1), field.slice(1)]));
}

/**
 * A statement that does nothing but fail. Sent in the place of one that is refused: it is the server that answers then, so
 * the error comes in its turn, however many statements the client has sent ahead.
 */
export function failingQuery(complaint: Omit<Complaint, 'severity'>): Buffer {
  return message('Q', failing(complaint));
}

/** The same in the place of a Parse message: the statement of that name fails when it is run. */
export function failingParse(parse: Buffer, complaint: Omit<Complaint, 'severity'>): Buffer {
  const name = parse.subarray(5, parse.indexOf(0, 5) + 1);
  return message('P', name, failing(complaint), Buffer.alloc(2));
}

function failing({ code, message: text, hint }: Omit<Complaint, 'severity'>): string {
  const literal = (value: string): string => `'${value.replaceAll('\\', '/').replaceAll("'", "''").replaceAll('$', '')}'`;
  const using = [
    `errcode = ${literal(code)}`,
    `message = ${literal(text)}`,
    ...(hint === undefined ? [] : [`hint = ${literal(hint)}`]),
  ];
  return `do $guichet$ begin raise exception using ${using.join(', ')}; end $guichet$\0`;
}
