import { EXIT, GuichetError } from '@guichet/contract';
import { changeConfig, configPath } from '../config/config-file.ts';
import type { Shell } from '../shell.ts';
import { clientOf } from '../sign-in/open-client.ts';
import type { Way } from './login-way.ts';

/** The token comes from stdin or a hidden prompt, never from a flag: flags stay in the history of the shell. */
export const byToken: Way = async (shell, { gateway, wanted }) => {
  const token = await readToken(shell, gateway);
  const client = clientOf(shell.context, gateway, token);
  const me = await client.call('me.show', { signal: shell.context.interrupt });
  const name = wanted ?? me.principal.id.replace(/^[a-z]+:/, '');
  const path = configPath(shell.context);
  await changeConfig(path, ({ current, profiles }) => ({
    current: wanted === undefined ? name : (current ?? name),
    profiles: { ...profiles, [name]: { gateway, token, principal: me.principal.id } },
  }));
  await shell.show(
    { profile: name, keptIn: 'file', place: path, ...me },
    () => `Signed in at ${gateway} as ${me.principal.name} (${me.principal.id}); profile '${name}', kept in ${path}.`,
  );
  return EXIT.ok;
};

async function readToken(shell: Shell, gateway: string): Promise<string> {
  if (shell.interactive) {
    const { askSecret } = await import('../prompt/ask.ts');
    const check = (text: string): string | undefined => (text.trim() === '' ? 'Paste the token.' : undefined);
    return (await askSecret(shell, { message: `Token for ${gateway}`, check })).trim();
  }
  const chunks: Buffer[] = [];
  for await (const chunk of shell.context.stdin) chunks.push(Buffer.from(chunk));
  const token = Buffer.concat(chunks).toString('utf8').trim();
  if (token !== '' && !/\s/.test(token)) return token;
  const message = token === '' ? 'There was no token on stdin.' : 'What came on stdin is not one token.';
  throw new GuichetError('usage.invalid', message, { remedy: 'Pipe it in: guichet login --with-token < token' });
}
