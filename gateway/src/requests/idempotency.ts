import { canonicalJson } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import type { Sealer } from '../sealing/index.ts';

/** What makes two calls with one Idempotency-Key the same. */
export interface RepeatableCall {
  readonly action: string;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly lastsSeconds?: number | undefined;
  readonly lastsByDefault?: boolean | undefined;
  readonly startAt?: string | undefined;
  readonly undoOf?: string | undefined;
  readonly extensionOf?: string | undefined;
}

/** What a call does not have is absent, so that the digests of older versions stay as they are. */
const factsOf = ({ action, environment, input, reason, fingerprint, ...terms }: RepeatableCall) => ({
  action,
  environment,
  input,
  reason: reason ?? null,
  fingerprint: fingerprint ?? null,
  lastsSeconds: terms.lastsByDefault === true ? undefined : terms.lastsSeconds,
  startAt: terms.startAt,
  undoOf: terms.undoOf,
  extensionOf: terms.extensionOf,
});

/** Made with a key that nobody is told: the call may hold a secret, which could be guessed from a plain digest. */
export function idempotencyDigest(sealer: Sealer, call: RepeatableCall): string {
  return sealer.mac('idempotency', canonicalJson(factsOf(call)));
}

/** Requests of older versions, which knew no secrets, have a plain digest. */
export function isSameCall(sealer: Sealer, call: RepeatableCall, digest: string | null): boolean {
  return digest === (digest?.startsWith('sha256:') ? digestOf(factsOf(call)) : idempotencyDigest(sealer, call));
}
