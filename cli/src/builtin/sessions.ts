import { EXIT, type TableOutput } from '@guichet/contract';
import { drawTable } from '../output/table.ts';
import { fullId } from './full-id.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const sessionsList: Leaf = {
  define(command) {
    addExamples(command, ['guichet sessions list', 'guichet sessions list -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const found = await client.call('sessions.list', { signal: shell.context.interrupt });
    const table: TableOutput = {
      kind: 'table',
      columns: [
        { key: 'mark', title: '', type: 'text', wide: false },
        { key: 'id', title: 'ID', type: 'code', wide: false },
        { key: 'kind', title: 'With', type: 'text', wide: false },
        { key: 'client', title: 'What', type: 'text', wide: false },
        { key: 'address', title: 'From', type: 'text', wide: false },
        { key: 'created', title: 'Signed in', type: 'timestamp', wide: false },
        { key: 'used', title: 'Last used', type: 'timestamp', wide: false },
        { key: 'ends', title: 'Ends', type: 'timestamp', wide: false },
      ],
      rows: found.items.map(({ id, kind, client: name, address, createdAt, lastUsedAt, expiresAt, current }) => ({
        mark: current ? '*' : '',
        id,
        kind: kind === 'cli' ? 'guichet' : 'browser',
        client: name,
        address,
        created: createdAt,
        used: lastUsedAt,
        ends: expiresAt,
      })),
      empty: 'No sessions: this call was made with a token of its own.',
    };
    await shell.show(found, () => drawTable(table, shell.canvas));
    return EXIT.ok;
  },
};

export const sessionsRevoke: Leaf = {
  define(command) {
    command.argument('<session>', 'Its id, or how it begins, as guichet sessions list shows it');
    addExamples(command, ['guichet sessions revoke 0198c7be-7c4e-7d5a-9d3f-3b1f6a2c8e11', 'guichet logout --everywhere']);
  },
  async run(shell, { args: [typed = ''] }) {
    const client = await shell.client();
    const read = async () => (await client.call('sessions.list', { signal: shell.context.interrupt })).items;
    const session = await fullId(typed, { what: 'session', list: 'guichet sessions list', all: read });
    const ended = await client.call('sessions.revoke', { params: { session }, signal: shell.context.interrupt });
    await shell.show(
      ended,
      () => `Ended the session of '${ended.client}' (${ended.address}): nobody is signed in with it any more.`,
    );
    return EXIT.ok;
  },
};
