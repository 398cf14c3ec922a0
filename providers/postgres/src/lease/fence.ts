import type { Complaint } from '../wire/messages.ts';

/** pg_read_all_data, which a lease has unless the configuration names other roles, reads these as well. */
const SECRETS = /\b(?:pg_authid|pg_shadow|pg_user_mapping|subconninfo)\b/i;
const ROLES = /\balter\s+(?:role|user)\b(?!\s+mapping)/i;

/**
 * Why a statement is not let through although the server would take it; undefined for all others. It is a fence and no wall:
 * what a DO block puts together is not seen here. Who must not be able to read such things needs roles that cannot.
 */
export function refusalOf(statement: string): Omit<Complaint, 'severity'> | undefined {
  if (SECRETS.test(statement)) {
    return {
      code: '42501',
      message: 'Guichet does not let statements through that name the places where PostgreSQL keeps passwords.',
      hint: 'pg_roles shows the roles; pg_user_mappings and pg_subscription show the rest without their secrets.',
    };
  }
  if (ROLES.test(statement)) {
    return {
      code: '42501',
      message: 'Guichet does not let statements through that change a role: the role of a lease is its own to keep.',
      hint: 'SET changes a setting for your session.',
    };
  }
  return undefined;
}
