import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The cookies of browsers. Over HTTPS their names have the prefix `__Host-`: a browser takes such a one from this very
 * host alone, over HTTPS, so that no other host of the domain can plant one. On this machine without HTTPS it is not there.
 */
export class Cookies {
  readonly #isSecure: () => boolean;

  constructor({ baseUrl }: { baseUrl: () => string }) {
    this.#isSecure = () => baseUrl().startsWith('https:');
  }

  read(request: FastifyRequest, name: CookieName): string | undefined {
    const full = this.#fullName(name);
    const pair = pairsOf(request).find(([key]) => key === full);
    return pair?.[1];
  }

  /** Attempts to sign in that this browser has under way, oldest first, as browsers send them. */
  attempts(request: FastifyRequest): string[] {
    const prefix = this.#fullName('guichet_sign_in_');
    return pairsOf(request)
      .map(([key]) => key)
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }

  set(reply: FastifyReply, name: CookieName, { value, seconds }: { value: string; seconds: number }): void {
    const secure = this.#isSecure() ? '; Secure' : '';
    void reply.header(
      'set-cookie',
      `${this.#fullName(name)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`,
    );
  }

  clear(reply: FastifyReply, name: CookieName): void {
    this.set(reply, name, { value: '', seconds: 0 });
  }

  #fullName(name: CookieName): string {
    return this.#isSecure() ? `__Host-${name}` : name;
  }
}

/** A sign-in under way has a cookie of its own: several pages that open at once do not disturb each other. */
export type CookieName = 'guichet_session' | `guichet_sign_in_${string}`;

function pairsOf(request: FastifyRequest): (readonly [string, string])[] {
  return (request.headers.cookie ?? '').split(';').flatMap((pair) => {
    const equals = pair.indexOf('=');
    return equals < 1 ? [] : [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()] as const];
  });
}
