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

/** What the pages need to have something to show. */
export interface World {
  /** A request of Nadia's in production that waits for an approval, such as REQ-3. */
  readonly waiting: string;
  /** One of hers in staging that has run. */
  readonly done: string;
  /** The id of an event of the audit log. */
  readonly event: string;
}

/** What is told to the workers. */
interface Told extends Running {
  readonly world: World;
}

/** Tells the workers, which inherit the environment. */
export function tell(running: Told): void {
  process.env[COMPANY_VARIABLE] = JSON.stringify(running);
}

export function running(): Told {
  const told = process.env[COMPANY_VARIABLE];
  if (told === undefined) throw new Error('The company of the tests is not running: run them through npm test.');
  return JSON.parse(told) as Told; // as `tell` wrote it
}

/** What the browser of a person keeps after sign-in, as a file. */
export const sessionFile = ({ sessions }: Running, person: Person): string => `${sessions}/${person}.json`;
