import type { Complaint } from '../wire/messages.ts';

/**
 * pg_read_all_data, which a lease has unless the configuration names other roles, reads these as well. Statistics have values
 * of the columns that they are about; a subscription is known by all of its columns, whichever are named.
 */
const SECRETS = /\b(?:pg_authid|pg_shadow|pg_user_mapping|pg_subscription|pg_statistic|pg_stats|subconninfo)\b/i;
/** Between two words: white space and comments, as far as somebody writes them. */
const GAP = String.raw`(?:\s|--[^\n\r]{0,1000}[\n\r]|/\*(?:[^*]|\*(?!/)){0,1000}\*/)+`;
const ROLES = new RegExp(String.raw`\balter${GAP}(?:role|user)\b(?!\s+mapping)`, 'i');
/** `U&"pg\\005fauthid"`, with whatever stands for the backslash. */
const ESCAPED = /u&"/i;
const ESCAPES = /[^\s"+'0-9a-f](?:\+([0-9a-f]{6})|([0-9a-f]{4}))/gi;

/** As it was written, and with names in plain letters. */
function readings(statement: string): string[] {
  if (!ESCAPED.test(statement)) return [statement];
  return [statement, statement.replaceAll(ESCAPES, (_, long: string, short: string) => letterOf(long ?? short))];
}

function letterOf(digits: string): string {
  const code = Number.parseInt(digits, 16);
  return code <= 0x10_ffff ? String.fromCodePoint(code) : '';
}

/**
 * Why a statement is not let through although the server would take it; undefined for all others. It is a fence and no wall:
 * what a DO block puts together is not seen here. Who must not be able to read such things needs roles that cannot.
 */
export function refusalOf(statement: string): Omit<Complaint, 'severity'> | undefined {
  const read = readings(statement);
  if (read.some((text) => SECRETS.test(text))) {
    return {
      code: '42501',
      message: 'Guichet does not let statements through that name the places where PostgreSQL keeps passwords.',
      hint: 'pg_roles shows the roles, and pg_user_mappings the mappings, without their secrets.',
    };
  }
  if (read.some((text) => ROLES.test(text))) {
    return {
      code: '42501',
      message: 'Guichet does not let statements through that change a role: the role of a lease is its own to keep.',
      hint: 'SET changes a setting for your session.',
    };
  }
  return undefined;
}
