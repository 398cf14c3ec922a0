import { Throttle } from './throttle.ts';

/**
 * How often anybody may try to sign in. All secrets have 256 bits, so that these stop floods and not guesses; but for the
 * codes that people type, which have 34. An office may share one address: limits by address are wide.
 */
export class Throttles {
  readonly signIns = new Throttle({ what: 'sign-ins from your address', max: 300, seconds: 60 });
  readonly devices = new Throttle({ what: 'command lines that ask to sign in from your address', max: 60, seconds: 60 });
  readonly exchanges = new Throttle({ what: 'questions for tokens from your address', max: 1200, seconds: 60 });
  readonly wrongSecrets = new Throttle({ what: 'unknown codes and tokens from your address', max: 60, seconds: 60 });
  readonly refreshes = new Throttle({ what: 'refreshes with one token', max: 10, seconds: 60 });
  readonly guesses = new Throttle({ what: 'unknown codes from your address', max: 50, seconds: 600 });
  readonly guessesOfPerson = new Throttle({ what: 'unknown codes', max: 10, seconds: 600 });
}
