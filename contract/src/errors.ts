/**
 * The one closed table of errors. Every error that leaves any Guichet process has a code from it;
 * `docs/spec/errors.md` documents each (a test fails when one is missing).
 *
 * - `status`: HTTP status; 0 for errors that never travel over HTTP.
 * - `retryable`: the same call may succeed later, unchanged.
 * - `exit`: exit code of the CLI (see `EXIT`).
 */

/** Exit codes of the CLI; scripts rely on them, so a number is never reused. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  unauthenticated: 3,
  denied: 4,
  notFound: 5,
  conflict: 6,
  unreachable: 7,
  unavailable: 8,
  refused: 9,
  failed: 20,
  cancelled: 21,
  rejected: 22,
  withdrawn: 23,
  expired: 24,
  void: 25,
  unknown: 26,
  config: 78,
  waitTimeout: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface ErrorRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly exit: ExitCode;
  readonly title: string;
}

export const ERRORS = {
  'input.invalid': { status: 400, retryable: false, exit: EXIT.usage, title: 'The input is not valid' },
  'body.malformed': { status: 400, retryable: false, exit: EXIT.usage, title: 'The body is not valid JSON' },
  'body.too_large': { status: 413, retryable: false, exit: EXIT.usage, title: 'The body is too large' },
  'body.unsupported_type': { status: 415, retryable: false, exit: EXIT.usage, title: 'The content type is not supported' },
  'cursor.invalid': { status: 400, retryable: false, exit: EXIT.usage, title: 'The page cursor is not valid' },
  'reason.required': { status: 400, retryable: false, exit: EXIT.usage, title: 'A reason is required' },
  'audit.not_sealed': { status: 404, retryable: false, exit: EXIT.notFound, title: 'The event is not sealed' },
  'token.missing': { status: 401, retryable: false, exit: EXIT.unauthenticated, title: 'No token was sent' },
  'token.invalid': { status: 401, retryable: false, exit: EXIT.unauthenticated, title: 'The token is not known' },
  'token.expired': { status: 401, retryable: false, exit: EXIT.unauthenticated, title: 'The token has expired' },
  'token.revoked': { status: 401, retryable: false, exit: EXIT.unauthenticated, title: 'The token was revoked' },
  'sign_in.not_configured': { status: 501, retryable: false, exit: EXIT.unauthenticated, title: 'This gateway signs nobody in' },
  'sign_in.provider_unavailable': {
    status: 503,
    retryable: true,
    exit: EXIT.unavailable,
    title: 'The identity provider is not available',
  },
  'sign_in.failed': { status: 400, retryable: false, exit: EXIT.unauthenticated, title: 'The sign-in did not come to its end' },
  'sign_in.refused': { status: 403, retryable: false, exit: EXIT.denied, title: 'This account may not sign in here' },
  'sign_in.subject_conflict': {
    status: 409,
    retryable: false,
    exit: EXIT.denied,
    title: 'This person is bound to another account of the identity provider',
  },
  'sign_in.pending': { status: 400, retryable: true, exit: EXIT.waitTimeout, title: 'Nobody has confirmed the code yet' },
  'sign_in.slow_down': { status: 400, retryable: true, exit: EXIT.waitTimeout, title: 'The code is asked for too often' },
  'sign_in.denied': { status: 403, retryable: false, exit: EXIT.denied, title: 'The sign-in was denied' },
  'sign_in.expired': { status: 401, retryable: false, exit: EXIT.unauthenticated, title: 'The sign-in has ended' },
  'sign_in.invalid': {
    status: 401,
    retryable: false,
    exit: EXIT.unauthenticated,
    title: 'The code or refresh token is not valid',
  },
  'sign_in.reused': {
    status: 401,
    retryable: false,
    exit: EXIT.unauthenticated,
    title: 'The code or refresh token was used before',
  },
  'assertion.not_configured': {
    status: 501,
    retryable: false,
    exit: EXIT.unauthenticated,
    title: 'This gateway takes no identity of that kind',
  },
  'assertion.invalid': { status: 401, retryable: false, exit: EXIT.unauthenticated, title: 'The proof of identity is not valid' },
  'assertion.used': { status: 401, retryable: false, exit: EXIT.unauthenticated, title: 'The proof of identity was used before' },
  'assertion.refused': { status: 403, retryable: false, exit: EXIT.denied, title: 'Nothing here is for that identity' },
  'assertion.unavailable': {
    status: 503,
    retryable: true,
    exit: EXIT.unavailable,
    title: 'Whoever vouches for the identity is not available',
  },
  'session.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such session' },
  'csrf.refused': { status: 403, retryable: false, exit: EXIT.denied, title: 'The call does not come from our own pages' },
  'rate.limited': { status: 429, retryable: true, exit: EXIT.unavailable, title: 'There are too many calls' },
  'policy.denied': { status: 403, retryable: false, exit: EXIT.denied, title: 'Policy does not allow it' },
  'request.not_undoable': { status: 409, retryable: false, exit: EXIT.conflict, title: 'The request cannot be undone' },
  'database.restored': {
    status: 409,
    retryable: false,
    exit: EXIT.conflict,
    title: 'The database was restored to an earlier time',
  },
  'request.undone': { status: 409, retryable: false, exit: EXIT.conflict, title: 'The request is undone already' },
  'schedule.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such schedule' },
  'schedule.name_taken': { status: 409, retryable: false, exit: EXIT.conflict, title: 'There is a schedule of this name' },
  'schedule.state_conflict': {
    status: 409,
    retryable: false,
    exit: EXIT.conflict,
    title: 'The schedule is in that state already',
  },
  'approval.own_request': { status: 403, retryable: false, exit: EXIT.denied, title: 'Nobody approves their own request' },
  'approval.not_approver': { status: 403, retryable: false, exit: EXIT.denied, title: 'You are not an approver of this request' },
  'approval.duplicate': { status: 409, retryable: false, exit: EXIT.conflict, title: 'You have approved this request already' },
  'approval.digest_mismatch': {
    status: 409,
    retryable: false,
    exit: EXIT.conflict,
    title: 'The request is not the one you looked at',
  },
  'action.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such action' },
  'action.not_readable': { status: 409, retryable: false, exit: EXIT.usage, title: 'A write action is submitted as a request' },
  'action.not_writable': { status: 409, retryable: false, exit: EXIT.usage, title: 'A read action answers at once' },
  'action.no_options': { status: 404, retryable: false, exit: EXIT.notFound, title: 'The field offers no options' },
  'action.unavailable': {
    status: 503,
    retryable: true,
    exit: EXIT.unavailable,
    title: 'The provider of this action is not available',
  },
  'action.refused': { status: 422, retryable: false, exit: EXIT.refused, title: 'The provider refuses this action' },
  'plan.drifted': { status: 409, retryable: false, exit: EXIT.conflict, title: 'The plan is no longer the one you were shown' },
  'environment.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such environment' },
  'environment.not_offered': {
    status: 409,
    retryable: false,
    exit: EXIT.usage,
    title: 'The action is not offered in this environment',
  },
  'request.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such request' },
  'request.state_conflict': {
    status: 409,
    retryable: false,
    exit: EXIT.conflict,
    title: 'The request is not in a state that allows it',
  },
  'request.not_connectable': {
    status: 409,
    retryable: false,
    exit: EXIT.conflict,
    title: 'There is nothing to connect to',
  },
  'person.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such person' },
  'team.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such team' },
  'service.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such service' },
  'provider.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such provider' },
  'token.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such token' },
  'route.unknown': { status: 404, retryable: false, exit: EXIT.notFound, title: 'There is no such route' },
  'route.method_not_allowed': {
    status: 405,
    retryable: false,
    exit: EXIT.notFound,
    title: 'The route does not take this method',
  },
  'idempotency.reused': {
    status: 409,
    retryable: false,
    exit: EXIT.conflict,
    title: 'The idempotency key was used for another request',
  },
  'provider.unreachable': { status: 502, retryable: true, exit: EXIT.unavailable, title: 'The provider cannot be reached' },
  'provider.failed': { status: 502, retryable: false, exit: EXIT.failed, title: 'The provider failed' },
  'provider.protocol': { status: 502, retryable: false, exit: EXIT.failed, title: 'The provider broke the protocol' },
  'provider.timeout': { status: 504, retryable: true, exit: EXIT.unavailable, title: 'The provider did not answer in time' },
  'grant.invalid': { status: 401, retryable: false, exit: EXIT.internal, title: 'The grant is not valid' },
  'grant.used': { status: 409, retryable: false, exit: EXIT.internal, title: 'The grant was used already' },
  'run.failed': { status: 0, retryable: false, exit: EXIT.failed, title: 'The run failed' },
  'run.deadline_exceeded': { status: 0, retryable: false, exit: EXIT.failed, title: 'The run took longer than its time limit' },
  'database.unavailable': {
    status: 503,
    retryable: true,
    exit: EXIT.unavailable,
    title: 'The database of the gateway is not available',
  },
  'sealing.unavailable': {
    status: 503,
    retryable: true,
    exit: EXIT.unavailable,
    title: 'The key that seals secrets is not available',
  },
  'sealing.broken': { status: 500, retryable: false, exit: EXIT.internal, title: 'What was sealed cannot be opened' },
  'call.abandoned': { status: 499, retryable: true, exit: EXIT.interrupted, title: 'The caller hung up before the answer' },
  'http.malformed': { status: 400, retryable: false, exit: EXIT.internal, title: 'The call is not valid HTTP' },
  'http.headers_too_large': { status: 431, retryable: false, exit: EXIT.usage, title: 'The address or the headers are too long' },
  'http.upgrade_required': {
    status: 426,
    retryable: false,
    exit: EXIT.internal,
    title: 'The call has to ask for a WebSocket',
  },
  'http.timeout': { status: 408, retryable: true, exit: EXIT.unreachable, title: 'The call took too long to arrive' },
  'gateway.draining': { status: 503, retryable: true, exit: EXIT.unavailable, title: 'The gateway is stopping' },
  'gateway.unreachable': { status: 0, retryable: true, exit: EXIT.unreachable, title: 'The gateway cannot be reached' },
  'gateway.protocol': {
    status: 0,
    retryable: false,
    exit: EXIT.internal,
    title: 'The gateway gave an answer that this version cannot read',
  },
  'usage.invalid': { status: 0, retryable: false, exit: EXIT.usage, title: 'The command is not valid' },
  'wait.timeout': { status: 0, retryable: true, exit: EXIT.waitTimeout, title: 'The request is not finished yet' },
  'schema.too_new': { status: 0, retryable: false, exit: EXIT.config, title: 'The database is newer than this gateway' },
  'config.invalid': { status: 0, retryable: false, exit: EXIT.config, title: 'The configuration is not valid' },
  internal: { status: 500, retryable: false, exit: EXIT.internal, title: 'Something went wrong inside Guichet' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** What is wrong with one field: where (JSON pointer, e.g. `/input/pid`), what, and what to do. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
  readonly remedy?: string | undefined;
}

export interface GuichetErrorOptions {
  /** What to do next, in one sentence. */
  readonly remedy?: string | undefined;
  /** Per-field findings, for `input.invalid`. */
  readonly errors?: readonly FieldError[] | undefined;
  /** More facts for programs; never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** The one error of Guichet. `message` says what happened; `remedy` says what to do next. */
export class GuichetError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: GuichetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GuichetError';
    this.code = code;
    this.remedy = options.remedy;
    this.errors = options.errors;
    this.details = options.details;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}
