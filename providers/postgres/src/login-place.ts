import { CONFIGURATION, type InstanceSettings } from './config.ts';
import type { InstanceLogins } from './login-config.ts';

/** Where people set a login of an instance: what errors tell them to mend. */
export function loginPlace(
  { name, source, kind }: Pick<InstanceSettings, 'name' | 'source' | 'kind'>,
  role: keyof InstanceLogins | 'replication',
): string {
  if (source === CONFIGURATION) return `instances.${name}.${role} in the configuration of the provider`;
  if (kind === 'rds') return `rds.logins.${role} or rds.overrides.${name}.${role} in the configuration of the provider`;
  return `the login '${role}' of '${name}' in ${source}, or catalogue.logins.${role} in the configuration of the provider`;
}
