import type { Client } from '@guichet/client';
import { GuichetError, type Me, type SessionTokens } from '@guichet/contract';
import { type ConfigFile, changeConfig, configPath, readConfig } from '../config/config-file.ts';
import { sameAddress } from '../config/session.ts';
import type { Shell } from '../shell.ts';
import type { CredentialStore } from './credential-store.ts';
import { credentialsOf } from './credentials.ts';
import { keep } from './keep.ts';
import { clientOf } from './open-client.ts';
import { preferredKeeper, storeOf } from './open-store.ts';

export interface NewSignIn {
  readonly gateway: string;
  /** The profile that was asked for; chosen by who signed in when undefined. */
  readonly wanted: string | undefined;
  readonly tokens: SessionTokens;
}

export interface Settled {
  readonly me: Me;
  readonly profile: string;
  /** The profile that is used when none is named. */
  readonly current: string;
  readonly store: CredentialStore;
}

/** Finds out who has signed in, and keeps the sign-in in the profile that is theirs. */
export async function settleSignIn(shell: Shell, { gateway, wanted, tokens }: NewSignIn): Promise<Settled> {
  const { context } = shell;
  const client = clientOf(context, gateway, tokens.accessToken);
  const me = await client.call('me.show', { signal: context.interrupt });
  const path = configPath(context);
  const config = readConfig(path);
  const profile = profileFor(config, { gateway, wanted, principal: me.principal.id });
  const before = config.profiles[profile];
  if (wanted !== undefined && before?.principal !== undefined && before.principal !== me.principal.id) {
    await forgive(client.call('sessions.end', { signal: context.interrupt }));
    throw new GuichetError(
      'usage.invalid',
      `You signed in as ${me.principal.name} (${me.principal.id}), but the profile '${profile}' is that of ${before.principal}.`,
      { remedy: `Sign in as the other one in the browser, or choose another profile: guichet login --profile NAME.` },
    );
  }
  const replaced = before?.keeper === undefined ? undefined : storeOf(context, before.keeper, { configPath: path, profile });
  const old = await forgive(replaced?.read());
  const say = (text: string): void => shell.say(text);
  const credentials = credentialsOf(gateway, tokens);
  const store = await keep(credentials, { context, keeper: preferredKeeper(context), configPath: path, profile, say });
  let current = profile;
  // The file as it is by now: while the keychain was asked somebody may have signed in to another profile.
  await changeConfig(path, (now) => {
    // Who names a profile signs in beside the others: what is typed in other terminals keeps its meaning.
    if (wanted !== undefined) current = now.current ?? profile;
    return { current, profiles: { ...now.profiles, [profile]: { gateway, keeper: store.keeper, principal: me.principal.id } } };
  });
  if (replaced !== undefined && replaced.keeper !== store.keeper) await forgive(replaced.remove());
  if (old !== undefined && sameAddress(old.gateway, gateway)) await endOld(client, old.session, context.interrupt);
  return { me, profile, current, store };
}

/** The sign-in that this one takes the place of is of no use any more, to anybody. */
async function endOld(client: Client, session: string, signal: AbortSignal): Promise<void> {
  await forgive(client.call('sessions.revoke', { params: { session }, signal }));
}

async function forgive<Value>(work: Promise<Value> | undefined): Promise<Value | undefined> {
  try {
    return await work;
  } catch {
    return undefined; // it was to tidy up; what matters is done
  }
}

interface Wish {
  readonly gateway: string;
  readonly wanted: string | undefined;
  readonly principal: string;
}

/** The profile that was asked for; else the current one when it is theirs, there; else one that has their name. */
function profileFor({ current, profiles }: ConfigFile, { gateway, wanted, principal }: Wish): string {
  if (wanted !== undefined) return wanted;
  const known = current === undefined ? undefined : profiles[current];
  const isTheirs = known?.principal === undefined || known.principal === principal;
  if (current !== undefined && known !== undefined && isTheirs && sameAddress(known.gateway, gateway)) return current;
  return principal.replace(/^[a-z]+:/, '');
}
