/** The path of the browser; set by the global set-up before workers start. */
export const CHROMIUM_VARIABLE = 'GUICHET_CONSOLE_CHROMIUM';
const COMPANY_VARIABLE = 'GUICHET_CONSOLE_COMPANY';

export const PEOPLE = ['nadia', 'amine', 'sven', 'marta'] as const;
export type Person = (typeof PEOPLE)[number];

/** The company that all tests of a run share. */
export interface Running {
  /** Of the gateway, which serves the console. */
  readonly url: string;
  /** Of the identity provider. */
  readonly issuer: string;
  /** The folder of what browsers keep of a sign-in; only we may enter it. */
  readonly sessions: string;
}

/** Tells the workers, which inherit the environment. */
export function tell(running: Running): void {
  process.env[COMPANY_VARIABLE] = JSON.stringify(running);
}

export function running(): Running {
  const told = process.env[COMPANY_VARIABLE];
  if (told === undefined) throw new Error('The company of the tests is not running: run them through npm test.');
  return JSON.parse(told) as Running; // as `tell` wrote it
}

/** What the browser of a person keeps after sign-in, as a file. */
export const sessionFile = ({ sessions }: Running, person: Person): string => `${sessions}/${person}.json`;
