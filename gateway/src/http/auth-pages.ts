import { ERRORS, GuichetError } from '@guichet/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ATTEMPT_MS, attemptIdOf, type Caller, type LoopbackAsk, loopbackUri, wayBackOf } from '../identity/index.ts';
import type { AuthServices } from './auth-handlers.ts';
import { addressOf, clientOf } from './auth-request.ts';
import { STYLE } from './auth-style.ts';
import {
  codePage,
  consentPage,
  devicePage,
  donePage,
  errorPage,
  loginPath,
  type ShownProblem,
  signedOutPage,
  type Viewer,
} from './auth-views.ts';
import { browserCaller } from './authenticate.ts';
import { refuseForeign } from './csrf.ts';
import { asGuichetError, parsed, retryAfter } from './errors.ts';
import { reportError } from './problems.ts';
import { unlessFlooded } from './unless-flooded.ts';

// Nobody asks for the head of a page that signs in: it would use up what the page needs.
const PUBLIC = { config: { permission: 'public' }, exposeHeadRoute: false };
const SIGNED_IN = { config: { permission: 'signed-in' }, exposeHeadRoute: false };

const FORM_BYTES = 8 * 1024;
/** More attempts than that in one browser are forgotten, the oldest first: headers have an end. */
const MOST_ATTEMPTS = 4;

const LoginQuery = z.strictObject({ returnTo: z.string().default('/'), account: z.literal('another').optional() });
const DeviceQuery = z.strictObject({ user_code: z.string().max(40).optional() });
const decision = z.enum(['allow', 'deny']);
const DeviceForm = z.strictObject({ csrf: z.string(), user_code: z.string().max(40), decision });
const ask = {
  redirect_uri: z.string().refine((text) => loopbackUri(text) !== undefined, {
    message: 'must be an address on this machine such as http://127.0.0.1:PORT/callback',
  }),
  code_challenge: z.string().regex(/^[\w-]{43}$/, 'must be a SHA-256 in base64url (S256)'),
  state: z.string().min(1).max(200),
  client: z
    .string()
    .trim()
    .max(100)
    .regex(/^[\p{L}\p{N}\p{P}\p{S} ]+$/u, 'must be one line of visible characters')
    .default('a command line'),
};
const AuthorizeQuery = z.strictObject({
  ...ask,
  code_challenge_method: z.literal('S256').default('S256'),
  response_type: z.literal('code').default('code'),
});
const AuthorizeForm = z.strictObject({ ...ask, csrf: z.string(), decision });
const SignOutForm = z.strictObject({ csrf: z.string() });

/** The pages of sign-in: parse, call the domain, show. Their errors are pages too, for whoever reads pages. */
export function addAuthPages(app: FastifyInstance, services: AuthServices): void {
  app.register(async (scope) => {
    acceptForms(scope);
    scope.setErrorHandler((error, request, reply) => failed(error, request, { reply, cookies: services.cookies }));
    addBrowserPages(scope, services);
    addDevicePages(scope, services);
    addLoopbackPages(scope, services);
    addSignOutPages(scope, services);
    scope.get('/v1/auth/style.css', PUBLIC, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=3600').type('text/css; charset=utf-8').send(STYLE),
    );
  });
}

/** Forms of our own pages; JSON, as everywhere, is not taken here. */
function acceptForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  const options = { parseAs: 'string', bodyLimit: FORM_BYTES } as const;
  scope.addContentTypeParser('application/x-www-form-urlencoded', options, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
}

function addBrowserPages(scope: FastifyInstance, { signIn, cookies, throttles, baseUrl }: AuthServices): void {
  scope.get('/v1/auth/login', PUBLIC, async (request, reply) => {
    await throttles.signIns.take(addressOf(request).network);
    const { returnTo, account } = parsed(LoginQuery, request.query, 'query');
    const elsewhere = otherName(request, baseUrl());
    if (elsewhere !== undefined)
      return reply.redirect(`${elsewhere}/v1/auth/login?${new URLSearchParams({ returnTo, ...(account && { account }) })}`, 303);
    const { id, attempt, url } = await signIn.begin({ returnTo, now: new Date(), again: account === 'another' });
    for (const old of cookies.attempts(request).slice(0, 1 - MOST_ATTEMPTS)) cookies.clear(reply, `guichet_sign_in_${old}`);
    cookies.set(reply, `guichet_sign_in_${id}`, { value: attempt, seconds: ATTEMPT_MS / 1000 });
    return reply.redirect(url.href, 303);
  });
  scope.get('/v1/auth/callback', PUBLIC, async (request, reply) => {
    await throttles.signIns.take(addressOf(request).network);
    const query = new URLSearchParams(request.url.slice(request.url.indexOf('?') + 1));
    const id = attemptIdOf(query.get('state') ?? '');
    const attempt = id === undefined ? undefined : cookies.read(request, `guichet_sign_in_${id}`);
    // It is used up, however it ends.
    if (id !== undefined && attempt !== undefined) cookies.clear(reply, `guichet_sign_in_${id}`);
    const { secret, session, returnTo } = await signIn.finish({
      query,
      attempt,
      now: new Date(),
      client: clientOf(request),
      address: addressOf(request).address,
      replaces: cookies.read(request, 'guichet_session'),
    });
    const seconds = Math.max(0, Math.floor((Date.parse(session.createdAt) + signIn.longest - Date.now()) / 1000));
    cookies.set(reply, 'guichet_session', { value: secret, seconds });
    throttles.familiar.add(secret);
    return reply.redirect(`${baseUrl()}${returnTo}`, 303);
  });
}

function addDevicePages(scope: FastifyInstance, services: AuthServices): void {
  const { devices, throttles } = services;
  /** Counts a guess before it is known whether it is right: those that come all at once are counted too. Gives it back. */
  const guess = async (request: FastifyRequest, { principal }: Caller): Promise<() => Promise<void>> => {
    const keys = [[throttles.guessesOfPerson, principal.id] as const, [throttles.guesses, addressOf(request).network] as const];
    for (const [throttle, key] of keys) await throttle.take(key);
    return async () => {
      for (const [throttle, key] of keys) await throttle.giveBack(key);
    };
  };
  scope.get('/device', SIGNED_IN, async (request, reply) => {
    const { user_code: typed } = parsed(DeviceQuery, request.query, 'query');
    const caller = await signedIn(request, reply, services);
    if (caller === undefined) return reply;
    if (typed === undefined) return show(reply, codePage(viewerOf(request, caller)));
    const wasRight = await guess(request, caller);
    const device = await devices.find(typed);
    if (device === undefined) return show(reply.code(404), codePage(viewerOf(request, caller), typed));
    await wasRight();
    return show(reply, devicePage(device, viewerOf(request, caller)));
  });
  scope.post('/device', SIGNED_IN, async (request, reply) => {
    const form = parsed(DeviceForm, request.body, 'body');
    const caller = await ownPage(request, form.csrf, services);
    const wasRight = await guess(request, caller);
    const device = await devices.find(form.user_code);
    const allowed = form.decision === 'allow';
    if (device === undefined || !(await devices.decide(form.user_code, { by: caller, allow: allowed })))
      return show(reply.code(404), codePage(viewerOf(request, caller), form.user_code));
    await wasRight();
    return show(reply, donePage({ allowed, client: device.client, viewer: viewerOf(request, caller) }));
  });
}

function addLoopbackPages(scope: FastifyInstance, services: AuthServices): void {
  const { loopback } = services;
  scope.get('/v1/auth/authorize', SIGNED_IN, async (request, reply) => {
    const query = parsed(AuthorizeQuery, request.query, 'query');
    const caller = await signedIn(request, reply, services);
    if (caller === undefined) return reply;
    const asked = { ...askOf(query), state: query.state };
    const { address } = addressOf(request);
    return show(reply, consentPage(asked, { ...viewerOf(request, caller), address }), [formTarget(asked)]);
  });
  scope.post('/v1/auth/authorize', SIGNED_IN, async (request, reply) => {
    const form = parsed(AuthorizeForm, request.body, 'body');
    const caller = await ownPage(request, form.csrf, services);
    const by = { by: caller, address: addressOf(request).address };
    const answer = new URL(form.redirect_uri);
    answer.searchParams.set('state', form.state);
    if (form.decision === 'allow') answer.searchParams.set('code', await loopback.allow(askOf(form), by));
    else {
      await loopback.deny(askOf(form), by);
      answer.searchParams.set('error', 'access_denied');
    }
    return reply.redirect(answer.href, 303);
  });
}

function addSignOutPages(scope: FastifyInstance, services: AuthServices): void {
  const { sessions, signIn, cookies, throttles } = services;
  scope.post('/v1/auth/sign-out', SIGNED_IN, async (request, reply) => {
    const form = parsed(SignOutForm, request.body, 'body');
    const caller = await ownPage(request, form.csrf, services).catch(unlessSignedOut);
    if (caller !== undefined) await sessions.end(caller);
    cookies.clear(reply, 'guichet_session');
    return reply.redirect('/v1/auth/signed-out', 303);
  });
  scope.get('/v1/auth/signed-out', PUBLIC, async (request, reply) => {
    await throttles.signIns.take(addressOf(request).network);
    return show(reply, signedOutPage({ atProvider: await signIn.endSessionUrl() }));
  });
}

const viewerOf = (request: FastifyRequest, { principal, csrf }: Caller & { readonly csrf: string }): Viewer => ({
  who: principal.name,
  csrf,
  here: request.url,
});

/** Nobody is signed in any more: that is not an error for who asks just that, or is about to sign in. */
function unlessSignedOut(error: unknown): undefined {
  if (error instanceof GuichetError && error.code.startsWith('token.')) return undefined;
  throw error;
}

function askOf(asked: { redirect_uri: string; code_challenge: string; client: string }): LoopbackAsk {
  return { redirectUri: asked.redirect_uri, codeChallenge: asked.code_challenge, client: asked.client };
}

/** Who is signed in with this browser; undefined when it brings no cookie. Unknown ones are counted as they are elsewhere. */
async function byCookie(
  request: FastifyRequest,
  services: AuthServices,
): Promise<(Caller & { readonly csrf: string }) | undefined> {
  const sent = services.cookies.read(request, 'guichet_session');
  if (sent === undefined || sent === '') return undefined;
  return unlessFlooded(request, { sent, throttles: services.throttles, look: () => browserCaller(request, services) });
}

/** Who is signed in with this browser; sends it away to sign in, and back here, when nobody is. */
async function signedIn(
  request: FastifyRequest,
  reply: FastifyReply,
  services: AuthServices,
): Promise<(Caller & { readonly csrf: string }) | undefined> {
  services.signIn.refuseUnconfigured();
  const caller = await byCookie(request, services).catch(unlessSignedOut);
  request.caller = caller;
  if (caller === undefined) void reply.redirect(loginPath(request.url, { another: false }), 303);
  return caller;
}

/** Who sends a form of ours. */
async function ownPage(
  request: FastifyRequest,
  sent: string,
  services: AuthServices,
): Promise<Caller & { readonly csrf: string }> {
  const caller = await byCookie(request, services);
  if (caller === undefined)
    throw new GuichetError('token.missing', 'You are not signed in with this browser.', {
      remedy: 'Begin again at the page before.',
    });
  request.caller = caller;
  refuseForeign(request, { csrf: caller.csrf, sent, origin: new URL(services.baseUrl()).origin });
  return caller;
}

/**
 * A gateway without HTTPS on this machine has one name (the provider sends people back to it) and is reached by several,
 * `localhost` and `127.0.0.1`, which have cookies of their own. The one address to sign in at, when this is another.
 */
function otherName({ headers: { host } }: FastifyRequest, baseUrl: string): string | undefined {
  const own = new URL(baseUrl);
  const isLocal = (name: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(name.replace(/:\d+$/, ''));
  return own.protocol === 'http:' && host !== undefined && host !== own.host && isLocal(host) && isLocal(own.host)
    ? baseUrl
    : undefined;
}

/** Browsers hold a form to this also when its answer sends them on; a literal IPv6 address cannot be named in it. */
const formTarget = ({ redirectUri }: LoopbackAsk): string => {
  const { hostname, origin } = new URL(redirectUri);
  return hostname === '127.0.0.1' ? origin : 'http:';
};

function show(reply: FastifyReply, page: string, formTo: readonly string[] = []): FastifyReply {
  return (
    reply
      .header(
        'content-security-policy',
        `default-src 'none'; style-src 'self'; form-action ${["'self'", ...formTo].join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
      )
      // Without it a browser says of our own forms that they come from nowhere (`origin: null`).
      .header('referrer-policy', 'same-origin')
      .type('text/html; charset=utf-8')
      .send(page)
  );
}

/** A page for people; a problem document for who asks for none. */
function failed(
  error: unknown,
  request: FastifyRequest,
  { reply, cookies }: { reply: FastifyReply; cookies: AuthServices['cookies'] },
): FastifyReply {
  const known = asGuichetError(error);
  if (known.code.startsWith('sign_in.'))
    request.log.warn(
      { code: known.code, detail: known.message, cause: known.cause instanceof Error ? known.cause.message : undefined },
      'sign-in failed',
    );
  if (!(request.headers.accept ?? '').includes('text/html')) return reportError(known, request, reply);
  if (known.code === 'internal') request.log.error({ err: known.cause ?? error }, 'unforeseen error');
  const { status, title, retryable } = ERRORS[known.code];
  if (retryable) void reply.header('retry-after', retryAfter(known));
  return show(
    reply.code(status),
    errorPage({ title, message: known.message, remedy: known.remedy, trace: request.id, next: nextOf(known, request, cookies) }),
  );
}

/** The way on from an error, where there is one that can work. */
function nextOf({ code }: GuichetError, request: FastifyRequest, cookies: AuthServices['cookies']): ShownProblem['next'] {
  const [path = '', query] = request.url.split('?');
  if (path === '/v1/auth/callback' && code.startsWith('sign_in.')) {
    const id = attemptIdOf(new URLSearchParams(query).get('state') ?? '');
    const wayBack = wayBackOf(id === undefined ? undefined : cookies.read(request, `guichet_sign_in_${id}`));
    // The provider would say the same of the same account at once, without asking.
    const another = code === 'sign_in.refused' || code === 'sign_in.subject_conflict';
    return { text: another ? 'Sign in with another account' : 'Sign in again', path: loginPath(wayBack, { another }) };
  }
  if (request.method === 'GET' && ERRORS[code].retryable) return { text: 'Try again', path: request.url };
  return path === '/device' ? { text: 'Back to the code', path } : undefined;
}
