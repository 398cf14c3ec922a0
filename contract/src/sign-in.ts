import { z } from 'zod';

/** How a person is signed in: with a browser, or with a command line that holds tokens of ours. */
export const SessionKind = z.enum(['browser', 'cli']);

/** One place where a person is signed in. */
export const Session = z
  .object({
    id: z.uuid(),
    kind: SessionKind,
    client: z.string().describe('What is signed in there, as it called itself: `guichet on nadia-laptop`, or a browser'),
    address: z.string().describe('The network address it was signed in from'),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().describe('To the minute'),
    expiresAt: z.iso.datetime().describe('It ends then, or earlier when it is not used'),
    current: z.boolean().describe('True for the session that this call was made with'),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

/** What a client says of itself; people see it before they let it in, and in the list of their sessions. */
const clientName = z
  .string()
  .trim()
  .max(100)
  .regex(/^[\p{L}\p{N}\p{P}\p{S} ]+$/u, 'must be one line of visible characters');

/** The start of a device flow (RFC 8628): the person confirms `userCode` in any browser while the client asks for its tokens. */
export const DeviceStarted = z
  .object({
    deviceCode: z.string().describe('A secret of this client: exchange it at POST /v1/auth/token'),
    userCode: z.string().describe('Shown to the person, who compares it: XXXX-XXXX'),
    verificationUri: z.url().describe('Where the person types the code'),
    verificationUriComplete: z.url().describe('The same, with the code filled in'),
    expiresIn: z.int().describe('Seconds until the codes are worthless'),
    interval: z.int().describe('Seconds to wait between two questions'),
  })
  .meta({ id: 'DeviceStarted' });
export type DeviceStarted = z.infer<typeof DeviceStarted>;

export const DeviceStart = z.strictObject({
  client: clientName.describe('What asks, such as `guichet`'),
  host: clientName.describe('The machine it runs on').optional(),
});

const secret = z
  .string()
  .max(200)
  .regex(/^[\x21-\x7e]+$/, 'must be the text that was given');

export const GRANTS = ['device_code', 'authorization_code', 'refresh_token'] as const;

/** What can be exchanged for tokens: the fields that `grant` asks for, and no others. */
export const TokenExchange = z.strictObject({
  grant: z.enum(GRANTS),
  deviceCode: secret.optional().describe('Of `device_code`'),
  code: secret.optional().describe('Of `authorization_code`'),
  codeVerifier: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must be a verifier of RFC 7636: 43 to 128 unreserved characters')
    .optional()
    .describe('Of `authorization_code`'),
  redirectUri: z.string().max(500).optional().describe('Of `authorization_code`: the same as at GET /v1/auth/authorize'),
  refreshToken: secret.optional().describe('Of `refresh_token`'),
});
export type TokenExchange = z.infer<typeof TokenExchange>;

/** The tokens of a command line. Each refresh token works once: store the new one before you use the access token. */
export const SessionTokens = z
  .object({
    accessToken: z.string().describe('Send it as `authorization: Bearer TOKEN`'),
    accessTokenExpiresAt: z.iso.datetime(),
    refreshToken: z.string(),
    session: Session,
  })
  .meta({ id: 'SessionTokens' });
export type SessionTokens = z.infer<typeof SessionTokens>;

export const SignedOut = z
  .object({
    session: z.uuid().nullable().describe('The session that was ended; null when the call was made with a token of no session'),
    endSessionUrl: z.url().nullable().describe('Where a browser can sign out of the identity provider too'),
  })
  .meta({ id: 'SignedOut' });
export type SignedOut = z.infer<typeof SignedOut>;
