import { GuichetError } from '@guichet/contract';
import { Option } from 'commander';
import { durationFlag } from '../duration.ts';
import { readRequestId } from '../request/request-id.ts';
import { addExamples, type Leaf, numberFlag, textFlag } from './leaf.ts';

export const requestsExtend: Leaf = {
  define(command) {
    command
      .argument('<request>', 'REQ-12, or just 12')
      .addOption(new Option('--for <duration>', 'How much longer, such as 1h (required)').argParser(durationFlag('--for')))
      .option('--reason <text>', 'Why; whoever approves reads it')
      .option('--no-wait', 'Print the id of the request that does it, and do not follow it')
      .addOption(
        new Option('--timeout <duration>', 'Follow it no longer than this, such as 10m').argParser(durationFlag('--timeout')),
      );
    addExamples(command, ['guichet requests extend REQ-12 --for 1h --reason "the migration takes longer"']);
  },
  async run(shell, { args, flags }) {
    const seconds = numberFlag(flags, 'for');
    if (seconds === undefined)
      throw new GuichetError('usage.invalid', 'Missing: --for.', { remedy: 'Say how much longer: --for 1h.' });
    const client = await shell.client();
    const reason = textFlag(flags, 'reason');
    const filed = await client.call('requests.extend', {
      params: { request: readRequestId(args[0]) },
      body: { seconds: Math.round(seconds), ...(reason !== undefined && { reason }) },
      idempotencyKey: globalThis.crypto.randomUUID(),
      signal: shell.context.interrupt,
    });
    if (filed.plan.effects.length > 0) shell.say(`${filed.summary}\n  ${filed.plan.effects.join('\n  ')}`);
    const { follow } = await import('../action/run-write.ts');
    return follow(shell, filed, flags);
  },
};
