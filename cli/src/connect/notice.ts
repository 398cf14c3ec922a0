import { isProblem } from '@guichet/client';
import { fromProblem, type GuichetError } from '@guichet/contract';

/** What the gateway says beside the bytes: TunnelNotice of the contract, read without its schemas, which cost too much to load. */
export type Notice =
  | { readonly type: 'until'; readonly at: string | null; readonly seconds: number | null }
  | { readonly type: 'ended'; readonly reason: string }
  | { readonly type: 'failed'; readonly error: GuichetError };

/** Undefined for what this version does not know. */
export function readNotice(message: unknown): Notice | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  if (message.type === 'until' && 'at' in message && 'seconds' in message) {
    const { at, seconds } = message;
    return {
      type: 'until',
      at: typeof at === 'string' ? at : null,
      seconds: typeof seconds === 'number' ? seconds : null,
    };
  }
  if (message.type === 'ended' && 'reason' in message) return { type: 'ended', reason: String(message.reason) };
  if (message.type === 'failed' && 'problem' in message && isProblem(message.problem))
    return { type: 'failed', error: fromProblem(message.problem, 'internal') };
  return undefined;
}
