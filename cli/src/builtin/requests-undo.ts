import { EXIT, type Request } from '@guichet/contract';
import { Option } from 'commander';
import { durationFlag } from '../duration.ts';
import { decisionText, planText } from '../request/plan-text.ts';
import { readRequestId } from '../request/request-id.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Leaf, textFlag } from './leaf.ts';

export const requestsUndo: Leaf = {
  define(command) {
    command
      .argument('<request>', 'REQ-12, or just 12')
      .option('--reason <text>', 'Why; whoever approves reads it')
      .option('--plan', 'Only say what it would do, and who would have to approve it')
      .option('-y, --yes', 'Do not ask')
      .option('--no-wait', 'Print the id of the request that undoes it, and do not follow it')
      .addOption(
        new Option('--timeout <duration>', 'Follow it no longer than this, such as 10m').argParser(durationFlag('--timeout')),
      )
      .option('--idempotency-key <key>', 'The same key files the same request, however often it is sent');
    addExamples(command, ['guichet requests undo REQ-12 --reason "it did not help"', 'guichet requests undo 12 --plan']);
  },
  /** The plan of what undoes it is shown first; the gateway refuses when it is another by the time it is filed. */
  async run(shell, { args, flags }) {
    const { confirm, deniedBy, follow, reasonFor } = await import('../action/run-write.ts');
    const client = await shell.client();
    const signal = shell.context.interrupt;
    const id = readRequestId(args[0]);
    const request = await client.call('requests.show', { params: { request: id }, signal });
    const { undo, environment, undoneBy } = request;
    // What cannot be undone has no plan: the gateway says why.
    if (undo?.input == null || undoneBy !== null)
      return follow(shell, await file(shell, request, { reason: textFlag(flags, 'reason'), flags }), flags);
    const planned = await client.call('actions.plan', {
      params: { action: undo.action },
      body: { environment, input: undo.input },
      signal,
    });
    if (flags['plan'] === true) {
      await shell.show(planned, () => `${planText(planned.plan, shell.canvas)}\n${decisionText(planned.decision, shell.canvas)}`);
      return EXIT.ok;
    }
    shell.say(planText(planned.plan, shell.asideCanvas));
    if (planned.decision.effect === 'deny') throw deniedBy(planned.decision);
    if (planned.decision.effect === 'needs') shell.say(decisionText(planned.decision, shell.asideCanvas));
    const reason = await reasonFor({ shell, flags }, planned);
    if (planned.decision.effect === 'permit') await confirm({ shell, flags, risk: request.risk, environment });
    const filed = await file(shell, request, { reason, fingerprint: planned.plan.fingerprint, flags });
    return follow(shell, filed, flags);
  },
};

async function file(
  shell: Shell,
  { id }: Request,
  { reason, fingerprint, flags }: { reason: string | undefined; fingerprint?: string; flags: Readonly<Record<string, unknown>> },
): Promise<Request> {
  const client = await shell.client();
  return client.call('requests.undo', {
    params: { request: id },
    body: { ...(reason !== undefined && { reason }), ...(fingerprint !== undefined && { fingerprint }) },
    idempotencyKey: textFlag(flags, 'idempotencyKey') ?? globalThis.crypto.randomUUID(),
    signal: shell.context.interrupt,
  });
}
