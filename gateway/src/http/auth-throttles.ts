import { formatDuration } from '@guichet/contract';
import { Throttle } from '../limits/index.ts';
import { FamiliarSecrets } from './familiar-secrets.ts';

/**
 * How often anybody may try to sign in. All secrets have 256 bits, so that these stop floods and not guesses; but for the
 * codes that people type, which have 34. An office may share one address: limits by address are wide.
 */
export class Throttles {
  /** Whom `wrongTokens` does not keep out, whatever others send from their address. */
  readonly familiar = new FamiliarSecrets();
  readonly wrongTokens = tooMany('calls with tokens that are not known here, from your address', { max: 600, seconds: 60 });
  readonly newTokens = tooMany('new tokens of yours', { max: 120, seconds: 600 });
  readonly signIns = tooMany('sign-ins from your address', { max: 300, seconds: 60 });
  readonly devices = tooMany('command lines that ask to sign in from your address', { max: 60, seconds: 60 });
  readonly exchanges = tooMany('questions for tokens from your address', { max: 1200, seconds: 60 });
  readonly wrongSecrets = tooMany('unknown codes and tokens from your address', { max: 300, seconds: 60 });
  readonly refreshes = tooMany('refreshes with one token', { max: 10, seconds: 60 });
  readonly guesses = tooMany('unknown codes from your address', { max: 50, seconds: 600 });
  readonly guessesOfPerson = tooMany('unknown codes', { max: 10, seconds: 600 });
}

/** A throttle that says what there is too much of. */
export function tooMany(what: string, { max, seconds }: { max: number; seconds: number }): Throttle {
  return new Throttle({ message: `There are more than ${max} ${what} in ${formatDuration(seconds)}.`, max, seconds });
}
