import { EXIT, GuichetError } from '@guichet/contract';
import { configPath, readConfig, writeConfig } from '../config/config-file.ts';
import type { Shell } from '../shell.ts';
import { VERSION } from '../version.ts';
import { addExamples, type Leaf, textFlag } from './leaf.ts';

export const login: Leaf = {
  define(command) {
    command
      .option('--gateway <url>', 'Where the gateway is (default: that of the profile, or $GUICHET_URL)')
      .option('--name <profile>', 'What to call the profile (default: your name)');
    addExamples(command, [
      'guichet login --gateway http://127.0.0.1:4400',
      'guichet login --gateway https://guichet.example.com --name work < token',
    ]);
  },
  /** The token comes from stdin or a hidden prompt, never from a flag: flags stay in the history of the shell. */
  async run(shell, { flags }) {
    const path = configPath(shell.context);
    const config = readConfig(path);
    const wanted = textFlag(flags, 'name') ?? shell.flags.profile;
    const known = config.profiles[wanted ?? config.current ?? ''];
    const gateway = (textFlag(flags, 'gateway') ?? (shell.context.env['GUICHET_URL'] || known?.gateway))?.replace(/\/+$/, '');
    if (gateway === undefined)
      throw new GuichetError('usage.invalid', 'Missing: --gateway.', {
        remedy: 'Say where it is: guichet login --gateway https://guichet.example.com',
      });
    const token = await readToken(shell, gateway);
    const { createClient } = await import('@guichet/client');
    const { fetch, interrupt } = shell.context;
    const client = createClient({
      baseUrl: gateway,
      token,
      userAgent: `guichet/${VERSION}`,
      ...(fetch !== undefined && { fetch }),
    });
    const me = await client.call('me.show', { signal: interrupt });
    const name = wanted ?? me.principal.id.replace(/^[a-z]+:/, '');
    writeConfig(path, {
      current: name,
      profiles: { ...config.profiles, [name]: { gateway, token, principal: me.principal.id } },
    });
    await shell.show(
      { profile: name, ...me },
      () => `Signed in at ${gateway} as ${me.principal.name} (${me.principal.id}); profile '${name}'.`,
    );
    return EXIT.ok;
  },
};

async function readToken(shell: Shell, gateway: string): Promise<string> {
  if (shell.interactive) {
    const { askSecret } = await import('../prompt/ask.ts');
    return askSecret(shell, `Token for ${gateway}`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of shell.context.stdin) chunks.push(Buffer.from(chunk));
  const token = Buffer.concat(chunks).toString('utf8').trim();
  if (token !== '' && !/\s/.test(token)) return token;
  throw new GuichetError(
    'usage.invalid',
    token === '' ? 'There was no token on stdin.' : 'What came on stdin is not one token.',
    {
      remedy: 'Pipe it in: guichet login --gateway URL < token',
    },
  );
}
