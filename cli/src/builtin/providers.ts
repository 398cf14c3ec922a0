import { EXIT, type Provider, type RecordOutput, type TableOutput } from '@guichet/contract';
import type { Canvas } from '../output/canvas.ts';
import { drawOutput } from '../output/draw.ts';
import { drawTable } from '../output/table.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const providersList: Leaf = {
  define(command) {
    addExamples(command, ['guichet providers list', 'guichet providers list -o wide', 'guichet providers list -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const found = await client.call('providers.list', { signal: shell.context.interrupt });
    const table: TableOutput = {
      kind: 'table',
      columns: [
        { key: 'name', title: 'Provider', type: 'text', wide: false },
        { key: 'team', title: 'Owner', type: 'text', wide: false },
        { key: 'version', title: 'Version', type: 'text', wide: false },
        { key: 'state', title: 'State', type: 'state', wide: false },
        { key: 'actions', title: 'Actions', type: 'number', wide: false },
        { key: 'calls', title: 'Calls', type: 'number', wide: false },
        { key: 'failed', title: 'Failed', type: 'number', wide: false },
        { key: 'reason', title: 'Why', type: 'text', wide: false },
        { key: 'since', title: 'Since', type: 'timestamp', wide: true },
        { key: 'where', title: 'Where', type: 'text', wide: true },
      ],
      rows: found.items.map(({ name, team, version, actions, figures, unavailableReason, since, where, ...provider }) => ({
        name,
        team,
        version,
        state: stateOf(provider),
        actions: actions.read + actions.write,
        calls: figures.calls,
        failed: figures.failed,
        reason: unavailableReason,
        since,
        where,
      })),
      empty: 'You may see the actions of no provider. Offer some with the SDK, or ask the team that runs the gateway.',
    };
    await shell.show(found, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const providersShow: Leaf = {
  define(command) {
    command.argument('<provider>', 'Its name, such as postgres');
    addExamples(command, ['guichet providers show postgres', 'guichet providers show postgres -o json']);
  },
  async run(shell, { args: [provider = ''] }) {
    const client = await shell.client();
    const found = await client.call('providers.show', { params: { provider }, signal: shell.context.interrupt });
    await shell.show(found, () => providerPage(found, shell.canvas));
    return EXIT.ok;
  },
};

const stateOf = ({ available }: Pick<Provider, 'available'>): string => (available ? 'available' : 'unavailable');

function providerPage(provider: Provider, canvas: Canvas): string {
  const { name, title, version, team, protocol, where, unavailableReason, since, actions, receipts, ledger, figures } = provider;
  const record: RecordOutput = {
    kind: 'record',
    summary: title === null ? `Provider '${name}'` : `${title} (provider '${name}')`,
    fields: [
      { key: 'state', title: 'State', type: 'state', value: stateOf(provider) },
      ...(unavailableReason === null ? [] : [{ key: 'reason', title: 'Why', type: 'text' as const, value: unavailableReason }]),
      { key: 'since', title: 'Since', type: 'timestamp', value: since },
      { key: 'team', title: 'Owner', type: 'text', value: team },
      { key: 'version', title: 'Version', type: 'text', value: version },
      { key: 'protocol', title: 'Protocol', type: 'number', value: protocol },
      { key: 'where', title: 'Where', type: 'text', value: WHERE[where] },
      { key: 'actions', title: 'Actions you may see', type: 'text', value: `${actions.read} to read, ${actions.write} to write` },
      { key: 'receipts', title: 'Signs receipts', type: 'boolean', value: receipts },
      { key: 'ledger', title: 'Has a ledger', type: 'boolean', value: ledger },
      { key: 'counted', title: 'Calls counted from', type: 'timestamp', value: figures.since },
    ],
  };
  const parts = [drawOutput(record, canvas), drawTable(phaseTable(figures), canvas)];
  if (figures.errors.length > 0) parts.push(drawTable(errorTable(figures), canvas));
  return parts.join('\n\n');
}

const WHERE: Readonly<Record<Provider['where'], string>> = {
  mounted: 'in the process of the gateway',
  remote: 'called over HTTP',
};

const phaseTable = ({ phases }: Provider['figures']): TableOutput => ({
  kind: 'table',
  columns: [
    { key: 'phase', title: 'Asked for', type: 'text', wide: false },
    { key: 'calls', title: 'Calls', type: 'number', wide: false },
    { key: 'failed', title: 'Failed', type: 'number', wide: false },
    { key: 'half', title: 'Half within', type: 'duration', wide: false },
    { key: 'most', title: '19 of 20 within', type: 'duration', wide: false },
  ],
  rows: phases.map(({ phase, calls, failed, p50Ms, p95Ms }) => ({
    phase,
    calls,
    failed,
    half: p50Ms / 1000,
    most: p95Ms / 1000,
  })),
  empty: 'This gateway has not called it in that time.',
});

const errorTable = ({ errors }: Provider['figures']): TableOutput => ({
  kind: 'table',
  columns: [
    { key: 'code', title: 'Failed with', type: 'code', wide: false },
    { key: 'calls', title: 'Calls', type: 'number', wide: false },
  ],
  rows: errors.map(({ code, calls }) => ({ code, calls })),
});
