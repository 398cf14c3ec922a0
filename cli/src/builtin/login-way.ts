import type { ExitCode } from '@guichet/contract';
import { formatTime } from '../output/units.ts';
import type { Shell } from '../shell.ts';
import type { NewSignIn, Settled } from '../sign-in/settle-sign-in.ts';
import type { Given } from './leaf.ts';

/** What every way to sign in is given. */
export interface LoginWish {
  readonly gateway: string;
  /** The profile that was asked for; undefined when it follows from who signs in. */
  readonly wanted: string | undefined;
  readonly flags: Given['flags'];
}

/** One way to sign in. */
export type Way = (shell: Shell, wish: LoginWish) => Promise<ExitCode>;

/** The end of a sign-in of a person: kept, and told. */
export async function settleAndTell(shell: Shell, signIn: NewSignIn): Promise<Settled> {
  const { settleSignIn } = await import('../sign-in/settle-sign-in.ts');
  const settled = await settleSignIn(shell, signIn);
  const { me, profile, current, store } = settled;
  const { session } = signIn.tokens;
  const document = { profile, keptIn: store.keeper, place: store.place, ...me, session };
  await shell.show(document, () => {
    const { teams, name, id } = me.principal;
    const team = teams.length === 0 ? '' : ` in team ${teams.map((one) => `'${one}'`).join(', ')}`;
    const until = formatTime(new Date(session.expiresAt), shell.context.now());
    const beside = `  The current profile stays '${current}'; --profile ${profile} or GUICHET_PROFILE=${profile} uses this one.`;
    const isAsked = (shell.context.env['GUICHET_PROFILE'] || current) === profile;
    return [
      `${shell.paint.green('✓')} Signed in as ${name} (${id})${team} at ${signIn.gateway}; profile '${profile}'.`,
      shell.paint.dim(`  Kept in ${store.place}; it ends ${until} if it is not used until then.`),
      ...(isAsked ? [] : [shell.paint.dim(beside)]),
    ].join('\n');
  });
  return settled;
}
