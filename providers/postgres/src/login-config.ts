import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';

const LoginFields = z.strictObject({
  user: z.string().min(1).max(63),
  password: z.string().min(1).optional(),
  passwordFromEnv: z.string().min(1).optional().describe('Name of the environment variable that holds it'),
  passwordFromFile: z.string().min(1).optional().describe('Path of a file that holds it; read again for each connection'),
});

/** A login as people write it. */
export const LoginConfig = LoginFields.refine(
  ({ password, passwordFromEnv, passwordFromFile }) =>
    [password, passwordFromEnv, passwordFromFile].filter((way) => way !== undefined).length === 1,
  'must have exactly one of password, passwordFromEnv and passwordFromFile',
);
export type LoginConfig = z.output<typeof LoginConfig>;

export interface LoginSettings {
  readonly user: string;
  /** Read when a connection is made, so that a password file can be rotated under a running provider. */
  readonly password: () => string;
}

/** The logins that an instance has wherever it was found. */
export interface InstanceLogins {
  readonly observer: LoginSettings;
  readonly actor: LoginSettings;
  readonly admin: LoginSettings | undefined;
  readonly reader: LoginSettings | undefined;
}

/** What is wrong with a field of a configuration; never with a value of it. */
export interface Finding {
  readonly field: string;
  readonly message: string;
}

/** Where in a configuration something stands, and what it may refer to. */
export interface Place {
  readonly at: string;
  /** Paths are relative to it. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly findings: Finding[];
}

/** The login with its secret resolved; what cannot be is added to the findings. */
export function resolveLogin(login: LoginConfig, place: Place): LoginSettings {
  const { user, password, passwordFromEnv, passwordFromFile } = login;
  if (password !== undefined) return { user, password: () => password };
  if (passwordFromEnv !== undefined) {
    const value = place.env[passwordFromEnv] ?? '';
    if (value === '') {
      place.findings.push({
        field: `${place.at}.passwordFromEnv`,
        message: `the environment variable ${passwordFromEnv} is not set`,
      });
    }
    return { user, password: () => value };
  }
  const path = resolve(place.folder, passwordFromFile ?? '');
  const first = readSecret(path, { ...place, at: `${place.at}.passwordFromFile` });
  if (first === '' && place.findings.length === 0) {
    place.findings.push({ field: `${place.at}.passwordFromFile`, message: `${path} is empty` });
  }
  return { user, password: () => readFileSync(path, 'utf8').trim() };
}

export function readSecret(path: string, { at, folder, findings }: Place): string {
  try {
    return readFileSync(resolve(folder, path), 'utf8').trim();
  } catch {
    findings.push({ field: at, message: `${resolve(folder, path)} cannot be read` });
    return '';
  }
}

/** The findings of the schema, each with its field and without a value. */
export function findingsOf(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[] = []): Finding[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), message: 'there is no such field' }));
  }
  return [{ field: path.join('.') || 'the top', message: issue.message }];
}
