import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const KEY_BYTES = 32;
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/**
 * What a server keeps of a password (RFC 5803, as in pg_authid). Sent instead of the password itself, which thereby never
 * stands in a statement, and so in no log of the server. The password must be ASCII: it is not normalized.
 */
export async function scramVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4096): Promise<string> {
  const salted = await derive(password, salt, iterations, KEY_BYTES, 'sha256');
  const stored = sha256(hmac(salted, 'Client Key')).toString('base64');
  const server = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${server}`;
}

/** The client's side of SCRAM-SHA-256 (RFC 7677) without channel binding. PostgreSQL takes the user from the start-up message. */
export class ScramExchange {
  readonly #password: string;
  readonly #nonce: string;
  #serverSignature: Buffer | undefined;

  constructor(password: string, nonce: string = randomBytes(18).toString('base64')) {
    this.#password = password;
    this.#nonce = nonce;
  }

  first(): string {
    return `n,,${this.#bare()}`;
  }

  /** The answer to the server's first message. Throws when that is not one. */
  async final(serverFirst: string): Promise<string> {
    const { r: nonce = '', s: salt = '', i: iterations = '' } = attributes(serverFirst);
    if (
      !nonce.startsWith(this.#nonce) ||
      nonce.length === this.#nonce.length ||
      salt === '' ||
      !/^[1-9]\d{0,6}$/.test(iterations)
    ) {
      throw new Error('the first message of the server is not one of SCRAM');
    }
    const salted = await derive(this.#password, Buffer.from(salt, 'base64'), Number(iterations), KEY_BYTES, 'sha256');
    const withoutProof = `c=biws,r=${nonce}`;
    const all = `${this.#bare()},${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(sha256(clientKey), all);
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), all);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** Throws unless the server has shown that it knows the password too. */
  verify(serverFinal: string): void {
    const told = Buffer.from(attributes(serverFinal)['v'] ?? '', 'base64');
    const expected = this.#serverSignature;
    if (expected === undefined || told.length !== expected.length || !timingSafeEqual(told, expected)) {
      throw new Error('the server has not shown that it knows the password');
    }
  }

  #bare(): string {
    return `n=,r=${this.#nonce}`;
  }
}

function attributes(message: string): Record<string, string | undefined> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
