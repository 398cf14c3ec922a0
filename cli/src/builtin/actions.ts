import { type ActionKind, EXIT, GuichetError, type TableOutput } from '@guichet/contract';
import { Option } from 'commander';
import { actionCommand } from '../action/action-flags.ts';
import { Catalogue } from '../catalogue/catalogue.ts';
import { commandOf } from '../catalogue/find.ts';
import { oneOf } from '../command.ts';
import { drawTable } from '../output/table.ts';
import { didYouMean } from '../suggest.ts';
import { addExamples, type Leaf, textFlag } from './leaf.ts';

const KINDS: readonly ActionKind[] = ['read', 'write'];

export const actionsList: Leaf = {
  define(command) {
    command
      .option('--provider <name>', 'Only those of this provider')
      .addOption(new Option('--kind <kind>', 'read or write').argParser(oneOf('--kind', KINDS)));
    addExamples(command, ['guichet actions list', 'guichet actions list --provider postgres --kind write']);
  },
  async run(shell, { flags }) {
    const provider = textFlag(flags, 'provider');
    const { entries } = await new Catalogue(shell).refresh();
    const items = entries.filter(
      ({ id, kind }) => (provider === undefined || id.startsWith(`${provider}.`)) && (flags['kind'] ?? kind) === kind,
    );
    if (items.length === 0 && provider !== undefined)
      throwUnknownProvider(
        provider,
        entries.map(({ id }) => id),
      );
    const table: TableOutput = {
      kind: 'table',
      columns: [
        { key: 'command', title: 'Command', type: 'code', wide: false },
        { key: 'kind', title: 'Kind', type: 'text', wide: false },
        { key: 'risk', title: 'Risk', type: 'text', wide: false },
        { key: 'state', title: 'State', type: 'state', wide: false },
        { key: 'title', title: 'What it does', type: 'text', wide: false },
      ],
      rows: items.map(({ id, kind, risk, title, available, unavailableReason }) => ({
        command: commandOf(id).slice('guichet '.length),
        kind,
        risk,
        state: available ? 'available' : 'unavailable',
        title: available ? title : `${title} (${unavailableReason ?? 'its provider cannot be reached'})`,
      })),
      empty: 'You may see no action yet. Offer one with the SDK, or ask the team that runs the gateway.',
    };
    await shell.show({ items }, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const actionsShow: Leaf = {
  define(command) {
    command.argument('<action...>', 'Its id or its words: orders.hold, or orders hold');
    addExamples(command, ['guichet actions show postgres.terminate-session', 'guichet actions show postgres.activity -o json']);
  },
  async run(shell, { args }) {
    const client = await shell.client();
    const id = args.join('.').toLowerCase();
    const catalogue = new Catalogue(shell);
    const { entries, environments } = await catalogue.index();
    if (!entries.some((entry) => entry.id === id)) {
      const ids = entries.map((entry) => entry.id);
      const known = (await catalogue.refresh()).entries.some((entry) => entry.id === id);
      if (!known)
        throw new GuichetError('action.unknown', `There is no action '${id}'.`, {
          remedy: didYouMean(id, ids) ?? 'guichet actions list shows them.',
        });
    }
    const action = await client.call('actions.show', { params: { action: id }, signal: shell.context.interrupt });
    if (shell.forPrograms) await shell.show(action, () => '');
    else actionCommand(shell.context, action, environments).command.outputHelp();
    return EXIT.ok;
  },
};

function throwUnknownProvider(provider: string, ids: readonly string[]): void {
  const providers = [...new Set(ids.map((id) => id.split('.', 1)[0] ?? ''))];
  if (providers.includes(provider)) return;
  throw new GuichetError('usage.invalid', `There is no provider '${provider}' that you may see.`, {
    remedy: didYouMean(provider, providers),
  });
}
