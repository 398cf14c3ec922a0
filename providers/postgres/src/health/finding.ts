import { commandLine } from '../describe-session.ts';
import type { Limits } from './limits.ts';

/** `unknown`: it could not be looked at. */
export type Severity = 'critical' | 'warning' | 'info' | 'unknown';

/** Something that endangers a server, or makes it slower or larger than it need be. */
export interface Finding {
  readonly severity: Severity;
  /** What kind of thing it is, the same words for all of its kind: `unused index`. */
  readonly finding: string;
  /** Absent for what concerns the whole server. */
  readonly database?: string | undefined;
  /** The thing: a table, an index, a setting, a session. Qualified, and quoted as SQL wants it. */
  readonly object: string;
  /** How much, with its unit. */
  readonly figure: string;
  /** Why it matters, in one sentence. */
  readonly why: string;
  /** The command or the statement that mends it. */
  readonly mend: string;
}

/** Asks the server; each statement has a time limit of its own. */
export type Ask = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** Where a check looks. */
export interface Site {
  readonly ask: Ask;
  /** `server_version_num` */
  readonly version: number;
  readonly instance: string;
  readonly environment: string;
  /** The one that is connected to. */
  readonly database: string;
  readonly limits: Limits;
}

export interface Check {
  /** What it looks at, in words that stand in `The check of …`. */
  readonly name: string;
  readonly run: (site: Site) => Promise<Finding[]>;
}

/** `guichet postgres vacuum-analyze --instance pg1 --database orders --table public.orders --env production` */
export function command({ instance, environment }: Site, action: string, flags: Parameters<typeof commandLine>[1]): string {
  return commandLine(action, { instance, ...flags, env: environment });
}
