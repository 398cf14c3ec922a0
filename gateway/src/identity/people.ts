import type { FieldError } from '@guichet/contract';
import type { Company, Directory } from '../catalog/index.ts';
import type { Database } from '../db/index.ts';
import { pointer, suggestion } from '../findings/index.ts';
import type { Policy } from '../policy/index.ts';
import type { IdentitySettings } from './config.ts';
import { DeviceFlow } from './device-flow.ts';
import { Loopback } from './loopback.ts';
import { Sessions } from './sessions.ts';
import { SignIn } from './sign-in.ts';
import type { Tenures } from './tenure.ts';

export interface PeopleOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly policy: Policy;
  readonly settings: IdentitySettings;
  readonly tenures: Tenures;
  /** Where browsers reach the gateway, without a slash at the end. */
  readonly baseUrl: () => string;
}

/** All by which people sign in and out. */
export interface People {
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly devices: DeviceFlow;
  readonly loopback: Loopback;
}

/** Groups that stand for a team that the company does not have: who is in them is in no team by it that owns anything. */
export function unknownTeams({ oidc }: IdentitySettings, company: Company): FieldError[] {
  return Object.entries(oidc?.groups?.teams ?? {})
    .filter(([, team]) => !company.teams.has(team))
    .map(([group, team]) => ({
      field: pointer(['identity', 'oidc', 'groups', 'teams', group]),
      message: `names a team '${team}' that is not in the company file`,
      remedy: suggestion(team, [...company.teams]) ?? `Add it there under 'teams', also without members.`,
    }));
}

export function people({ db, directory, policy, settings, tenures, baseUrl }: PeopleOptions): People {
  const sessions = new Sessions({ db, directory, policy, limits: settings.session });
  const redirectUri = (): string => `${baseUrl()}/v1/auth/callback`;
  return {
    sessions,
    signIn: new SignIn({ db, directory, sessions, tenures, settings, redirectUri }),
    devices: new DeviceFlow({ db, directory, sessions, baseUrl }),
    loopback: new Loopback({ db, directory, sessions }),
  };
}
