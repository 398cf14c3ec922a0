/** Close codes of the WebSockets. */
export const TUNNEL_CLOSE = {
  /** In order: whoever closes wants no more of it. */
  over: 1000,
  /** Something broke; a `failed` message says what. */
  failed: 1011,
  /** The gateway, or the provider, is being started anew: open it again. */
  restart: 1012,
  /** What it belongs to is over, for good. */
  ended: 4000,
} as const;
