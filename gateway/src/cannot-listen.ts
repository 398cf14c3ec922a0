import { GuichetError } from '@guichet/contract';
import type { Config } from './config.ts';

/** Why the address of the configuration cannot be listened on, in words. */
export function cannotListen({ listen: { host, port } }: Config, cause: unknown): GuichetError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'something else listens there already',
    EACCES: 'this account may not',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'there is no such host',
  };
  return new GuichetError('config.invalid', `The gateway cannot listen on ${host}:${port}: ${why[code] ?? code}.`, {
    remedy: 'Change listen in the configuration, or set GUICHET_HOST and GUICHET_PORT.',
    cause,
  });
}
