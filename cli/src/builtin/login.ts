import { GuichetError } from '@guichet/contract';
import { Option } from 'commander';
import { configPath, readConfig } from '../config/config-file.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Given, type Leaf, textFlag } from './leaf.ts';
import type { Way } from './login-way.ts';

/** The ways to sign in: each is a flag and a file of its own, loaded when it is taken. */
const WAYS: readonly {
  readonly flag: string;
  readonly name: string;
  readonly text: string;
  readonly load: () => Promise<Way>;
}[] = [
  {
    flag: '--browser',
    name: 'browser',
    text: 'With the browser of this machine (the default where there is one)',
    load: async () => (await import('./login-browser.ts')).byBrowser,
  },
  {
    flag: '--device',
    name: 'device',
    text: 'With a browser anywhere: shows an address and a code (the default over SSH)',
    load: async () => (await import('./login-device.ts')).byDevice,
  },
  {
    flag: '--with-token',
    name: 'withToken',
    text: 'With a token that was made for this, from stdin or a hidden question',
    load: async () => (await import('./login-token.ts')).byToken,
  },
  {
    flag: '--workload',
    name: 'workload',
    text: 'With the token that GitLab, GitHub or Kubernetes gives to this job or workload',
    load: async () => (await import('./login-proof.ts')).byWorkload,
  },
  {
    flag: '--aws',
    name: 'aws',
    text: 'With AWS credentials, found as AWS tools find them; they stay here',
    load: async () => (await import('./login-proof.ts')).byAws,
  },
];

export const login: Leaf = {
  define(command) {
    command
      .option('--url <url>', 'Where the gateway is (default: that of the profile, or $GUICHET_URL)')
      .addOption(new Option('--gateway <url>').hideHelp()) // its name of before
      .addOption(new Option('--name <profile>').hideHelp()); // --profile says it
    for (const { flag, text } of WAYS) command.option(flag, text);
    addExamples(command, [
      'guichet login --url https://guichet.example.com',
      'guichet login --device                       # a browser on another device will do',
      'guichet login --profile work                 # beside other sign-ins',
      'guichet login --with-token < token           # a machine, or an operator',
      'guichet login --workload                     # a job of GitLab or GitHub, a pod of Kubernetes',
      'guichet login --aws                          # whoever has credentials of AWS',
    ]);
  },
  async run(shell, given) {
    const wanted = textFlag(given.flags, 'name') ?? (shell.flags.profile || shell.context.env['GUICHET_PROFILE'] || undefined);
    const gateway = gatewayOf(shell, given, wanted);
    const way = await (await wayOf(shell, given)).load();
    return way(shell, { gateway, wanted, flags: given.flags });
  },
};

function gatewayOf(shell: Shell, { flags }: Given, wanted: string | undefined): string {
  const { current, profiles } = readConfig(configPath(shell.context));
  // A new profile is one at the gateway that is used now, unless another is named.
  const known = profiles[wanted ?? ''] ?? profiles[current ?? ''];
  const gateway = textFlag(flags, 'url') ?? textFlag(flags, 'gateway') ?? (shell.context.env['GUICHET_URL'] || known?.gateway);
  if (gateway !== undefined) return gateway.replace(/\/+$/, '');
  throw new GuichetError('usage.invalid', 'Missing: --url.', {
    remedy: 'Say where it is: guichet login --url https://guichet.example.com',
  });
}

async function wayOf(shell: Shell, { flags }: Given) {
  const chosen = WAYS.filter(({ name }) => flags[name] === true);
  if (chosen.length > 1)
    throw new GuichetError('usage.invalid', `${chosen.map(({ flag }) => flag).join(' and ')} exclude each other.`, {
      remedy: 'Choose one of them.',
    });
  const [asked] = chosen;
  if (asked !== undefined) return asked;
  const { hasBrowser } = await import('../sign-in/browser.ts');
  if (!shell.interactive)
    throw new GuichetError('usage.invalid', 'There is no terminal here, or CI is set: perhaps nobody is there to sign in.', {
      remedy: 'Say how: --device shows an address to open anywhere, --with-token reads a token from stdin.',
    });
  const name = hasBrowser(shell) ? 'browser' : 'device';
  const found = WAYS.find((way) => way.name === name);
  if (found === undefined) throw new Error(`'${name}' is one of the ways`);
  return found;
}
