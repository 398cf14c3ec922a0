import { EXIT, type RecordOutput } from '@guichet/contract';
import { drawOutput } from '../output/draw.ts';
import { storeOf } from '../sign-in/open-store.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const whoami: Leaf = {
  define(command) {
    addExamples(command, ['guichet whoami', 'guichet whoami -o json']);
  },
  async run(shell) {
    const client = await shell.client();
    const me = await client.call('me.show', { signal: shell.context.interrupt });
    const { principal, gateway, token, session } = me;
    const { keeper, profile, configPath, token: own } = shell.session;
    const keptIn = profile === undefined ? undefined : own === undefined ? keeper : 'file';
    const place =
      keeper === undefined || profile === undefined ? undefined : storeOf(shell.context, keeper, { configPath, profile }).place;
    const record: RecordOutput = {
      kind: 'record',
      summary: `${principal.name} (${principal.id}) at ${client.baseUrl}`,
      fields: [
        { key: 'teams', title: 'Teams', type: 'text', value: principal.teams.join(', ') || null },
        { key: 'profile', title: 'Profile', type: 'text', value: profile ?? null },
        ...(session === undefined
          ? [
              { key: 'token', title: 'Token', type: 'text', value: token.name } as const,
              { key: 'expires', title: 'Expires', type: 'timestamp', value: token.expiresAt } as const,
            ]
          : [
              { key: 'session', title: 'Session', type: 'text', value: `${session.client} (${session.id})` } as const,
              { key: 'since', title: 'Signed in', type: 'timestamp', value: session.createdAt } as const,
              { key: 'expires', title: 'Ends, if not used', type: 'timestamp', value: session.expiresAt } as const,
            ]),
        { key: 'kept', title: 'Kept in', type: 'text', value: place ?? (keptIn === undefined ? null : configPath) },
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
    await shell.show({ ...me, profile: profile ?? null, keptIn: keptIn ?? null }, () => drawOutput(record, shell.canvas));
    return EXIT.ok;
  },
};
