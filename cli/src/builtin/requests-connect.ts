import { GuichetError } from '@guichet/contract';
import { addConnectFlags } from '../connect/connect-flags.ts';
import { readRequestId } from '../request/request-id.ts';
import { standingText } from '../request/request-text.ts';
import { addExamples, type Leaf } from './leaf.ts';

export const requestsConnect: Leaf = {
  define(command) {
    command.argument('<request>', 'REQ-12, or just 12');
    addConnectFlags(command);
    addExamples(command, ['guichet requests connect REQ-12', 'guichet requests connect 12 --no-open --port 15432']);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const id = readRequestId(args[0]);
    const request = await client.call('requests.show', { params: { request: id }, signal: shell.context.interrupt });
    const isUnderWay = request.state === 'awaiting_approval' || request.state === 'queued' || request.state === 'running';
    if (isUnderWay)
      throw new GuichetError('request.not_connectable', standingText(request), {
        remedy: `guichet requests watch ${id} follows it.`,
      });
    const { connect } = await import('../connect/connect.ts');
    // Who may not is told by the gateway, with the reason.
    return connect(shell, request, flags);
  },
};
