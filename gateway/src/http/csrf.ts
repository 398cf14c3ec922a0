import { GuichetError } from '@guichet/contract';
import type { FastifyRequest } from 'fastify';
import { derived, isSame } from '../identity/index.ts';

export const CSRF_HEADER = 'x-guichet-csrf';

/** What pages of this session send along with all that changes something: other sites cannot read it. */
export const csrfOf = (sessionSecret: string): string => derived(sessionSecret, 'csrf');

/** Refuses a call with a cookie that one of our own pages has not made: a browser sends cookies along for others too. */
export function refuseForeign(
  request: FastifyRequest,
  { csrf, sent, origin }: { csrf: string; sent: unknown; origin: string },
): void {
  const site = request.headers['sec-fetch-site'];
  const from = request.headers.origin;
  // Every browser says at least one of them with what is not a GET; one that is there must be right.
  if (site === undefined && from === undefined) throw refused('It does not say which page it comes from.');
  if (site !== undefined && site !== 'same-origin') throw refused('It comes from another site.');
  if (from !== undefined && from !== origin) throw refused('It comes from another origin.');
  if (typeof sent !== 'string' || !isSame(sent, csrf)) throw refused(`It does not carry the value of this session.`);
}

function refused(why: string): GuichetError {
  return new GuichetError('csrf.refused', `This call was not made by a page of the gateway. ${why}`, {
    remedy: `Load the page again. A program that uses the cookie sends ${CSRF_HEADER} of GET /v1/me; better, a token.`,
  });
}
