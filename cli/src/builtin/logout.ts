import { EXIT, type ExitCode, GuichetError } from '@guichet/contract';
import { changeProfile, configPath, type Profile, readConfig } from '../config/config-file.ts';
import { clean } from '../output/clean.ts';
import { Shell } from '../shell.ts';
import { storeOf } from '../sign-in/open-store.ts';
import { addExamples, type Leaf } from './leaf.ts';
import { existingProfile } from './profiles.ts';

export const logout: Leaf = {
  define(command) {
    command
      .argument('[profile]', 'The current one when absent')
      .option('--everywhere', 'End all sessions of yours, in browsers and on every machine')
      .option('--tokens', 'With --everywhere: revoke your personal tokens too');
    addExamples(command, ['guichet logout', 'guichet logout work', 'guichet logout --everywhere']);
  },
  async run(shell, { args, flags }) {
    const path = configPath(shell.context);
    const config = readConfig(path);
    const name = args[0] ?? shell.flags.profile ?? (shell.context.env['GUICHET_PROFILE'] || config.current);
    if (name === undefined)
      throw new GuichetError('usage.invalid', 'There is no profile to sign out of.', { remedy: 'guichet profiles lists them.' });
    const profile = existingProfile(config, name);
    const own = new Shell(shell.context, { ...shell.flags, profile: name });
    if (flags['everywhere'] === true) return everywhere(own, { name, path, profile, tokens: flags['tokens'] === true });
    if (flags['tokens'] === true)
      throw new GuichetError('usage.invalid', '--tokens goes with --everywhere.', {
        remedy: 'guichet logout --everywhere --tokens',
      });
    if (profile.keeper !== undefined) return signOut(own, { name, path, profile });
    if (profile.token !== undefined) return forgetToken(own, { name, path, profile });
    await own.show({ profile: name, ended: false, endSessionUrl: null }, () => `The profile '${name}' is not signed in.`);
    return EXIT.ok;
  },
};

interface Leaving {
  readonly name: string;
  readonly path: string;
  readonly profile: Profile;
}

/** Ends the session at the gateway, and forgets it here whatever the gateway says. */
async function signOut(shell: Shell, leaving: Leaving): Promise<ExitCode> {
  const { signal, outcome } = { signal: shell.context.interrupt, outcome: { ended: true, url: null as string | null } };
  try {
    const client = await shell.client();
    outcome.url = (await client.call('sessions.end', { signal })).endSessionUrl;
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    // A session that is over already has been ended; one that was not reached lives on.
    outcome.ended = /^(?:token|sign_in)\./.test(error.code) && error.code !== 'sign_in.provider_unavailable';
    if (!outcome.ended)
      shell.say(`${shell.aside.yellow('!')} The session could not be ended at the gateway: ${clean(error.message)}`);
  }
  await forget(shell, leaving);
  await shell.show({ profile: leaving.name, ended: outcome.ended, endSessionUrl: outcome.url }, () => {
    const lines = [`Signed out of ${leaving.profile.gateway}; profile '${leaving.name}' has forgotten its sign-in.`];
    if (!outcome.ended)
      lines.push('Whoever has a copy of it could use it until it ends: guichet sessions revoke, once you are signed in.');
    if (outcome.url !== null)
      lines.push(
        shell.paint.dim(`  A browser stays signed in at the identity provider until you leave there too: ${clean(outcome.url)}`),
      );
    return lines.join('\n');
  });
  return EXIT.ok;
}

async function everywhere(shell: Shell, leaving: Leaving & { readonly tokens: boolean }): Promise<ExitCode> {
  const client = await shell.client();
  const { tokens } = leaving;
  const ended = await client.call('sessions.revoke-all', { body: { tokens }, signal: shell.context.interrupt });
  if (leaving.profile.keeper !== undefined) await forget(shell, leaving);
  await shell.show({ profile: leaving.name, ...ended }, () => {
    const what = [`${ended.sessions} session${ended.sessions === 1 ? '' : 's'} ended`];
    if (tokens) what.push(`${ended.tokens} token${ended.tokens === 1 ? '' : 's'} revoked`);
    return `Signed out everywhere: ${what.join(', ')}.`;
  });
  return EXIT.ok;
}

async function forgetToken(shell: Shell, leaving: Leaving): Promise<ExitCode> {
  await forget(shell, leaving);
  await shell.show(
    { profile: leaving.name, ended: false, endSessionUrl: null },
    () => `Forgot the token of '${leaving.name}'. It stays valid until it expires: guichet tokens revoke ends one.`,
  );
  return EXIT.ok;
}

async function forget(shell: Shell, { name, path, profile }: Leaving): Promise<void> {
  if (profile.keeper !== undefined) await storeOf(shell.context, profile.keeper, { configPath: path, profile: name }).remove();
  // Who it was of stays: a sign-in as somebody else does not slip into their profile.
  await changeProfile(path, name, ({ gateway, principal } = profile) => ({ gateway, principal }));
}
