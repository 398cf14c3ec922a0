import { EXIT, type RecordOutput } from '@guichet/contract';
import { drawOutput } from '../output/draw.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const whoami: Leaf = {
  define(command) {
    addExamples(command, ['guichet whoami', 'guichet whoami -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const me = await client.call('me.show', { signal: shell.context.interrupt });
    const { principal, gateway, token } = me;
    const record: RecordOutput = {
      kind: 'record',
      summary: `${principal.name} (${principal.id}) at ${client.baseUrl}`,
      fields: [
        { key: 'teams', title: 'Teams', type: 'text', value: principal.teams.join(', ') || null },
        { key: 'profile', title: 'Profile', type: 'text', value: shell.session.profile ?? null },
        { key: 'token', title: 'Token', type: 'text', value: token.name },
        { key: 'expires', title: 'Expires', type: 'timestamp', value: token.expiresAt },
        {
          key: 'scope',
          title: 'Narrowed to',
          type: 'text',
          value: [...(principal.scope.actions ?? []), ...(principal.scope.environments ?? [])].join(', ') || null,
        },
        { key: 'environments', title: 'Environments', type: 'text', value: gateway.environments.join(', ') },
        { key: 'version', title: 'Gateway', type: 'text', value: gateway.version },
      ],
    };
    await shell.show(me, () => drawOutput(record, shell.canvas));
    return EXIT.ok;
  },
};
