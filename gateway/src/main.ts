import { parseArgs } from 'node:util';
import { ERRORS, EXIT, GuichetError } from '@guichet/contract';
import { type Config, loadConfig } from './config.ts';
import { suggestion } from './findings/index.ts';
import { VERSION } from './version.ts';

const HELP = `guichet-gateway ${VERSION}: the only door

  node gateway/src/main.ts --config guichet.yaml
      Starts a gateway. SIGTERM and Ctrl-C let what runs come to its end first; a second one does not wait.

  node gateway/src/main.ts --config guichet.yaml check
      Reads the configuration, the company and the policies as a start would, says what is wrong with them, and starts nothing:
      for the checks of a change to these files. Needs neither the database nor the secrets that are in the environment.
      Exit code 0 when a gateway would take them, 78 when not.

  node gateway/src/main.ts --config guichet.yaml issue-token user:nadia [--name laptop] [--days 30]
      Prints a new token. For the first ones: afterwards people make their own with 'guichet tokens create'.
      --name   what the token is called in lists, 'first token' when absent
      --days   how long it is valid, 1 to 366, 30 when absent

  node gateway/src/main.ts --config guichet.yaml rotate-grant-key [--now] [--revoke KID]
      Makes a new key that signs grants. It is published at once and signs after grants.overlap; nothing has to stop.
      --now     it signs at once
      --revoke  the key KID is not to be trusted any more: it is published no longer; with --now

  node gateway/src/main.ts --config guichet.yaml accept-provider-key orders KID [--revoke OLD]
      Takes the receipts of a provider that are signed with a key which it has offered and the gateway has refused, for the
      key before it did not announce it. Ask the team of the provider first whether KID is theirs.
      --revoke  the key OLD is not to be trusted any more, for older receipts either

  node gateway/src/main.ts --config guichet.yaml sign-out user:nadia [--tokens] [--machine-tokens]
      Ends all sessions of a person, now, at every gateway.
      --tokens          revokes their personal tokens too, and lists the tokens of machines that they made
      --machine-tokens  revokes these as well: what uses them stops

  node gateway/src/main.ts --config guichet.yaml unbind user:nadia
      Lets a person sign in with another account of the identity provider than before: the next one is bound to them.
      Ends the sessions and revokes the tokens that the one before was given.

  node gateway/src/main.ts --config guichet.yaml rewrap
      Seals what is sealed in the database with the first key of 'sealing'. Afterwards older keys are not needed.

  node gateway/src/main.ts --config guichet.yaml verify-audit [--heads FILE] [--key KEY] [--archive FOLDER]
                                                        [--accept-restore N]...
      Checks the audit log straight from the database: that no event was changed, removed or put in. Exit code 20 when one was.
      --heads   heads that were published outside the database: the log must agree with them
      --key     the public key of the log, as it was given to you
      --archive checks archived events too: the folder that archive-audit wrote to
      --accept-restore   the head of this number declares a restore that you know of

  node gateway/src/main.ts --config guichet.yaml accept-restore --lost HASH --reason TEXT
      The database was restored to an earlier time, and heads of the audit log that were published since are lost. Until this is
      said, nothing more is sealed. Its log names the hash of the head that is lost. Refused when the places of audit.heads do not
      say that it is published and lost.

  node gateway/src/main.ts --config guichet.yaml rotate-audit-key
      Makes a new key that signs the heads of the audit log. The one before it announces it.

  node gateway/src/main.ts --config guichet.yaml archive-audit --before 2026-03 --to FOLDER
      Writes the events of the audit log from before a month to a folder, checks what it has written, and takes them out of the
      database. Whole months; none of the last 90 days (audit.keep), and none that a request which goes on still needs.

  --help, --version

docs/guide/gateway.md describes the configuration.
`;

const COMMANDS: readonly string[] = [
  'check',
  'issue-token',
  'sign-out',
  'unbind',
  'rotate-grant-key',
  'accept-provider-key',
  'rewrap',
  'verify-audit',
  'accept-restore',
  'rotate-audit-key',
  'archive-audit',
];

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return void process.stdout.write(HELP);
  if (values.version) return void process.stdout.write(`${VERSION}\n`);
  const [command, ...rest] = positionals;
  if (command !== undefined && !COMMANDS.includes(command))
    throw new GuichetError('usage.invalid', `There is no command '${command}'.`, { remedy: suggestion(command, COMMANDS) });
  if (values.config === undefined)
    throw new GuichetError('usage.invalid', 'No configuration was named.', { remedy: 'Pass --config FILE. --help shows how.' });
  if (command === undefined) return run(loadConfig(values.config));
  if (command === 'check') {
    if (rest.length > 0) throw new GuichetError('usage.invalid', 'check takes no name.', { remedy: '--help shows how.' });
    return check(values.config);
  }
  if (
    command === 'verify-audit' ||
    command === 'accept-restore' ||
    command === 'rotate-audit-key' ||
    command === 'archive-audit'
  ) {
    if (rest.length > 0) throw new GuichetError('usage.invalid', `${command} takes no name.`, { remedy: '--help shows how.' });
    return audit(command, loadConfig(values.config), values);
  }
  if (command === 'rotate-grant-key' || command === 'rewrap') {
    if (rest.length > 0) throw new GuichetError('usage.invalid', `${command} takes no name.`, { remedy: '--help shows how.' });
    const { rewrapKeys, rotateGrantKey } = await import('./key-commands.ts');
    const { now = false, revoke } = values;
    const config = loadConfig(values.config);
    const text = command === 'rewrap' ? await rewrapKeys(config) : await rotateGrantKey(config, { now, revoke });
    return void process.stdout.write(text);
  }
  if (command === 'accept-provider-key') {
    const [provider, kid, ...more] = rest;
    if (provider === undefined || kid === undefined || more.length > 0)
      throw new GuichetError('usage.invalid', 'accept-provider-key takes the name of a provider and the id of a key.', {
        remedy: 'The log of the gateway, and guichet audit list --type provider_key.refused, have both.',
      });
    const { acceptProviderKey } = await import('./key-commands.ts');
    const text = await acceptProviderKey(loadConfig(values.config), { provider, kid, revoke: values.revoke });
    return void process.stdout.write(text);
  }
  const [principalId, ...tooMany] = rest;
  if (principalId === undefined || tooMany.length > 0)
    throw new GuichetError('usage.invalid', `${command} takes one name.`, { remedy: 'Write user:NAME or machine:NAME.' });
  if (command === 'sign-out' || command === 'unbind') {
    const { signOutPerson, unbindPerson } = await import('./people-commands.ts');
    const config = loadConfig(values.config);
    const { tokens = false, 'machine-tokens': machineTokens = false } = values;
    const text =
      command === 'unbind'
        ? await unbindPerson(config, principalId)
        : await signOutPerson(config, principalId, { tokens, machineTokens });
    return void process.stdout.write(text);
  }
  if (!/^(?:user|machine):/.test(principalId))
    throw new GuichetError('usage.invalid', `'${principalId}' is no person or machine.`, {
      remedy: `Write user:${principalId}, or machine:${principalId}.`,
    });
  const wanted = { principalId, name: nameOf(values.name ?? 'first token'), days: daysOf(values.days ?? '30') };
  await issueToken(loadConfig(values.config), wanted);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        name: { type: 'string' },
        days: { type: 'string' },
        tokens: { type: 'boolean' },
        'machine-tokens': { type: 'boolean' },
        now: { type: 'boolean' },
        revoke: { type: 'string' },
        heads: { type: 'string' },
        key: { type: 'string' },
        reason: { type: 'string' },
        lost: { type: 'string' },
        before: { type: 'string' },
        to: { type: 'string' },
        archive: { type: 'string' },
        'accept-restore': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    const what = error instanceof Error ? error.message.split('. ')[0] : '';
    throw new GuichetError('usage.invalid', `${what}.`, { remedy: '--help shows what there is.' });
  }
}

function daysOf(text: string): number {
  const days = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= 366) return days;
  throw new GuichetError('usage.invalid', `--days must be a whole number from 1 to 366, not '${text}'.`);
}

function nameOf(text: string): string {
  const name = text.trim();
  if (name.length >= 1 && name.length <= 100) return name;
  throw new GuichetError('usage.invalid', '--name must have 1 to 100 characters.');
}

// The gateway itself is loaded when it is known to be wanted: help and mistakes are answered at once.

async function run(config: Config): Promise<void> {
  const { startApp } = await import('./app.ts');
  const app = await startApp(config);
  stopOnSignal(() => app.close());
}

/** The first signal drains; a second one does not wait. */
function stopOnSignal(close: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stopping) process.exit(130);
      stopping = true;
      close().then(() => process.exit(0), fail);
    });
}

async function check(path: string): Promise<void> {
  const { checkFiles } = await import('./check-files.ts');
  const { ok, lines } = await checkFiles(path);
  (ok ? process.stdout : process.stderr).write(`${lines.join('\n')}\n`);
  if (!ok) process.exitCode = ERRORS['config.invalid'].exit;
}

interface AuditFlags {
  readonly heads?: string | undefined;
  readonly key?: string | undefined;
  readonly reason?: string | undefined;
  readonly lost?: string | undefined;
  readonly before?: string | undefined;
  readonly to?: string | undefined;
  readonly archive?: string | undefined;
  readonly 'accept-restore'?: readonly string[] | undefined;
}

async function audit(
  command: 'verify-audit' | 'accept-restore' | 'rotate-audit-key' | 'archive-audit',
  config: Config,
  { heads, key, reason, lost, before, to, archive, 'accept-restore': known = [] }: AuditFlags,
): Promise<void> {
  const { acceptAuditRestore, archiveAuditLog, rotateKeyOfAudit, verifyAudit } = await import('./audit-commands.ts');
  if (command === 'accept-restore') return void process.stdout.write(await acceptAuditRestore(config, { lost, reason }));
  if (command === 'rotate-audit-key') return void process.stdout.write(await rotateKeyOfAudit(config));
  let shown = false;
  const onProgress = (text: string): void => {
    shown = true;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  };
  const wipe = (): void => void (shown && process.stderr.isTTY && process.stderr.write('\r\u001b[K'));
  if (command === 'archive-audit') {
    const done = await archiveAuditLog(config, { before, to, onProgress }).finally(wipe);
    return void process.stdout.write(done);
  }
  const { ok, text } = await verifyAudit(config, { heads, key, archive, restores: known.map(Number), onProgress }).finally(wipe);
  process.stdout.write(text);
  if (!ok) process.exitCode = EXIT.failed;
}

async function issueToken(config: Config, wanted: { principalId: string; name: string; days: number }): Promise<void> {
  const { withTokens } = await import('./app.ts');
  const { principalId, name, days } = wanted;
  const secret = await withTokens(config, async ({ tokens, directory }) => {
    const { company } = directory;
    const known = [...company.people.map(({ id }) => id), ...company.machines.map(({ name }) => `machine:${name}`)];
    if (company.member(principalId) === undefined)
      throw new GuichetError('usage.invalid', `There is no '${principalId}' in ${[config.company].flat().join(', ')}.`, {
        remedy: suggestion(principalId, known) ?? 'Write user:NAME or machine:NAME, with a name of that file.',
      });
    const createdBy = { id: 'system', name: 'operator' };
    const token = await tokens.issue({ name, principalId, expiresInDays: days, scope: {}, createdBy });
    return token.secret;
  });
  process.stdout.write(`${secret}\n`);
}

/** What went wrong, in words. Only a mistake of our own shows where in the code it is. */
function fail(error: unknown): void {
  const known = error instanceof GuichetError ? error : undefined;
  const text = known?.message ?? (error instanceof Error ? error.stack : String(error));
  process.stderr.write(`${text}\n${known?.remedy === undefined ? '' : `${known.remedy}\n`}`);
  process.exit(ERRORS[known?.code ?? 'internal'].exit);
}

main().catch(fail);
