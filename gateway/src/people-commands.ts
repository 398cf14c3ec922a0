import { GuichetError } from '@guichet/contract';
import { withTokens } from './app.ts';
import type { Company } from './catalog/index.ts';
import type { Config } from './config.ts';
import { suggestion } from './findings/index.ts';
import type { MadeTokens } from './identity/index.ts';

/** Ends all sessions of a person; what was done, in words. */
export async function signOutPerson(
  config: Config,
  principalId: string,
  { tokens, machineTokens }: { tokens: boolean; machineTokens: boolean },
): Promise<string> {
  refuseOthers(principalId);
  return withTokens(config, async ({ people, directory }) => {
    const { made, ...ended } = await people.sessions.signOut(principalId, { tokens, machineTokens });
    const count = made.revoked.length;
    const revoked = [
      ...(tokens ? [`${counted(ended.tokens, 'token')} revoked`] : []),
      ...(machineTokens ? [`${counted(count, 'token')} of machines revoked`] : []),
    ];
    const doubt = ended.sessions + ended.tokens + count === 0 ? doubtAbout(principalId, directory.company) : '';
    const said = [`${counted(ended.sessions, 'session')} ended`, ...revoked].join(', ');
    return `${principalId}: ${said}.\n${doubt}${tokens ? warningOf(made, principalId) : ''}`;
  });
}

/** Lets a person come with another account of the identity provider the next time; what was done, in words. */
export async function unbindPerson(config: Config, principalId: string): Promise<string> {
  refuseOthers(principalId);
  return withTokens(config, async ({ people, directory }) => {
    const ended = await people.signIn.unbind(principalId);
    if (ended === undefined) return `${principalId} was bound to no account.\n${doubtAbout(principalId, directory.company)}`;
    const what = `${counted(ended.sessions, 'session')} ended, ${counted(ended.tokens, 'token')} revoked`;
    return `${principalId}: the account with which they sign in next is bound to them; of the one before, ${what}.\n${warningOf(ended.made, principalId)}`;
  });
}

const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** Whoever made the token of a machine has seen it, and may have kept it. */
function warningOf({ living }: MadeTokens, principalId: string): string {
  if (living.length === 0) return '';
  const rows = living.map(({ id, name, principalId: machine }) => `  ${id}  ${machine}  ${name}`);
  return [
    `They made ${counted(living.length, 'token')} of machines that ${living.length === 1 ? 'goes' : 'go'} on, and may have kept a copy:`,
    ...rows,
    `Make others where these are used, then: sign-out ${principalId} --tokens --machine-tokens\n`,
  ].join('\n');
}

/** Who ends the sessions of nobody may have mistyped the name, while somebody else stays in. */
function doubtAbout(principalId: string, company: Company): string {
  if (company.member(principalId) !== undefined) return '';
  const near = suggestion(
    principalId,
    company.people.map(({ id }) => id),
  );
  return `The company has no '${principalId}'. ${near ?? 'See that the name is right.'}\n`;
}

/** Nobody has to be in the company file any more to be signed out. */
function refuseOthers(principalId: string): void {
  if (/^user:[a-z0-9-]{1,63}$/.test(principalId)) return;
  throw new GuichetError('usage.invalid', `'${principalId}' is no person.`, {
    remedy: /^[a-z0-9-]{1,63}$/.test(principalId) ? `Write user:${principalId}.` : 'Write user:NAME.',
  });
}
