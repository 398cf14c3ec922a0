import { GuichetError } from '@guichet/contract';
import { withTokens } from './app.ts';
import type { Company } from './catalog/index.ts';
import type { Config } from './config.ts';
import { suggestion } from './findings/index.ts';

/** Ends all sessions of a person; what was done, in words. */
export async function signOutPerson(config: Config, principalId: string, { tokens }: { tokens: boolean }): Promise<string> {
  refuseOthers(principalId);
  return withTokens(config, async ({ people, directory }) => {
    const ended = await people.sessions.signOut(principalId, { tokens });
    const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
    const revoked = tokens ? `, ${count(ended.tokens, 'token')} revoked` : '';
    const doubt = ended.sessions + ended.tokens === 0 ? doubtAbout(principalId, directory.company) : '';
    return `${principalId}: ${count(ended.sessions, 'session')} ended${revoked}.\n${doubt}`;
  });
}

/** Lets a person come with another account of the identity provider the next time; what was done, in words. */
export async function unbindPerson(config: Config, principalId: string): Promise<string> {
  refuseOthers(principalId);
  return withTokens(config, async ({ people, directory }) =>
    (await people.signIn.unbind(principalId))
      ? `${principalId}: the account with which they sign in next is bound to them.\n`
      : `${principalId} was bound to no account.\n${doubtAbout(principalId, directory.company)}`,
  );
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
