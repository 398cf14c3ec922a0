import { EXIT, GuichetError, type TableOutput, type Token } from '@guichet/contract';
import { Option } from 'commander';
import { collect, wholeNumber } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { namingFlags } from '../name-flags.ts';
import { clean } from '../output/clean.ts';
import { drawTable } from '../output/table.ts';
import { formatTime } from '../output/units.ts';
import { fullId } from './full-id.ts';
import { addExamples, type Leaf, listFlag, numberFlag, textFlag } from './leaf.ts';
import { readPages, sayMore } from './pages.ts';

const DAY_MS = 86_400_000;
const FLAGS = {
  '/name': '--name',
  '/machine': '--machine',
  '/scope/actions': '--action',
  '/scope/environments': '--environment',
  '/expiresInDays': '--expires-in',
} as const;
/** Whoever has a token that ends sooner is told. */
const SOON_MS = 14 * DAY_MS;

export const tokensList: Leaf = {
  define(command) {
    command
      .addOption(new Option('--limit <number>', 'At most so many (default 50)').argParser(wholeNumber('--limit', 1)))
      .option('--all', 'All of them');
    addExamples(command, ['guichet tokens list']);
  },
  async run(shell, given) {
    const client = await shell.client();
    const found = await readPages(given, (page) => client.call('tokens.list', { query: page, signal: shell.context.interrupt }));
    const now = shell.context.now().toISOString();
    const table: TableOutput = {
      kind: 'table',
      columns: [
        { key: 'id', title: 'ID', type: 'code', wide: false },
        { key: 'name', title: 'Name', type: 'text', wide: false },
        { key: 'of', title: 'Of', type: 'text', wide: false },
        { key: 'state', title: 'State', type: 'state', wide: false },
        { key: 'expires', title: 'Expires', type: 'timestamp', wide: false },
        { key: 'used', title: 'Last used', type: 'timestamp', wide: false },
        { key: 'scope', title: 'Narrowed to', type: 'text', wide: false },
      ],
      rows: found.items.map(({ id, name, principal, expiresAt, lastUsedAt, revokedAt, scope }) => ({
        id,
        name,
        of: principal.id,
        state: revokedAt !== null ? 'revoked' : expiresAt < now ? 'expired' : 'active',
        expires: expiresAt,
        used: lastUsedAt,
        scope: [...(scope.actions ?? []), ...(scope.environments ?? [])].join(', ') || null,
      })),
      empty: 'No tokens. guichet tokens create --name laptop makes one.',
    };
    await shell.show(found, () => drawTable(table, shell.canvas));
    const soon = found.items.filter((token) => endsSoon(token, shell.context.now()));
    for (const { name, principal, expiresAt } of soon)
      shell.say(
        `${shell.aside.yellow('!')} '${name}' of ${principal.id} ends ${formatTime(new Date(expiresAt), shell.context.now())}: make its successor in time.`,
      );
    for (const { id, name, principal, createdBy } of found.items.filter((token) => isOrphaned(token, now)))
      shell.say(
        `${shell.aside.yellow('!')} '${clean(name)}' of ${principal.id} was made by ${clean(createdBy.name)}, who has left the company and may have kept it: make its successor, then guichet tokens revoke ${id}.`,
      );
    sayMore(shell, found);
    return EXIT.ok;
  },
};

export const tokensCreate: Leaf = {
  define(command) {
    command
      .option('--name <text>', 'What it is for (required)')
      .addOption(
        new Option('--expires-in <duration>', 'How long it is valid, such as 30d (default 90d, at most 366d)').argParser(days),
      )
      .option('--machine <name>', 'For a machine of one of your teams instead of yourself')
      .option('--action <id>', 'Only for this action, or postgres.*; repeat for more', collect)
      .option('--environment <name>', 'Only in this environment; repeat for more', collect)
      .option('--all', 'For a machine: not narrowed to actions or environments');
    addExamples(command, [
      'guichet tokens create --name laptop --expires-in 30d',
      'guichet tokens create --name ci --machine ci-orders --action "orders.*" --environment staging > token',
    ]);
  },
  /** The secret alone goes to stdout, so that it can be piped to where it belongs. */
  async run(shell, { flags }) {
    const name = textFlag(flags, 'name')?.trim();
    if (!name) throw new GuichetError('usage.invalid', 'Missing: --name.', { remedy: 'Say what it is for: --name laptop.' });
    const machine = textFlag(flags, 'machine');
    const actions = listFlag(flags, 'action');
    const environments = listFlag(flags, 'environment');
    const all = flags['all'] === true;
    if (machine !== undefined && !all && actions === undefined && environments === undefined)
      throw new GuichetError('usage.invalid', 'A token of a machine is narrowed: --action or --environment is missing.', {
        remedy: 'Name what the machine does, such as --action "orders.*"; --all makes one that may do all that it may.',
      });
    const client = await shell.client();
    const created = await namingFlags(
      client.call('tokens.create', {
        body: {
          name,
          ...(machine !== undefined && { machine }),
          ...(all && { all }),
          expiresInDays: numberFlag(flags, 'expiresIn') ?? 90,
          scope: { ...(actions !== undefined && { actions }), ...(environments !== undefined && { environments }) },
        },
        signal: shell.context.interrupt,
      }),
      { flags: FLAGS, help: 'guichet tokens create' },
    );
    for (const warning of created.warnings) shell.say(`${shell.aside.yellow('!')} ${warning}`);
    await shell.show(created, () => created.secret);
    if (!shell.forPrograms)
      shell.say(
        `It is shown this once. It is of ${created.principal.id} and valid until ${formatTime(new Date(created.expiresAt), shell.context.now())}; guichet tokens revoke ${created.id} ends it.`,
      );
    return EXIT.ok;
  },
};

export const tokensRevoke: Leaf = {
  define(command) {
    command.argument('<token>', 'Its id, or how it begins, as guichet tokens list shows it');
    addExamples(command, ['guichet tokens revoke 0198c7be-7c4e-7d5a-9d3f-3b1f6a2c8e11']);
  },
  async run(shell, { args: [typed = ''] }) {
    const client = await shell.client();
    const { interrupt: signal } = shell.context;
    const read = async () =>
      (await readPages({ args: [], flags: { all: true } }, (query) => client.call('tokens.list', { query, signal }))).items;
    const token = await fullId(typed, { what: 'token', list: 'guichet tokens list', all: read });
    const revoked = await client.call('tokens.revoke', { params: { token }, signal: shell.context.interrupt });
    await shell.show(revoked, () => `Revoked '${revoked.name}' of ${revoked.principal.id}: nobody can use it any more.`);
    return EXIT.ok;
  },
};

/** Whoever made it has seen it, and is not there any more. */
const isOrphaned = ({ makerLeft, revokedAt, expiresAt }: Token, now: string): boolean =>
  makerLeft === true && revokedAt === null && expiresAt > now;

/** Made to last, and about to end: those that last minutes or hours are replaced by themselves. */
function endsSoon({ createdAt, expiresAt, revokedAt }: Token, now: Date): boolean {
  const left = Date.parse(expiresAt) - now.getTime();
  return revokedAt === null && left > 0 && left < SOON_MS && Date.parse(expiresAt) - Date.parse(createdAt) >= DAY_MS;
}

function days(text: string): number {
  const seconds = parseDuration(text);
  const whole = seconds === undefined ? Number.NaN : seconds / 86_400;
  if (Number.isInteger(whole) && whole >= 1 && whole <= 366) return whole;
  throw new GuichetError('usage.invalid', `--expires-in must be whole days, from 1d to 366d; not '${text}'.`);
}
