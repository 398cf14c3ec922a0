import { EXIT, GuichetError, type Request } from '@guichet/contract';
import type { Command } from 'commander';
import { Interrupted } from '../context.ts';
import { readRequestId } from '../request/request-id.ts';
import { requestText, standingText } from '../request/request-text.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Leaf, textFlag } from './leaf.ts';

export const requestsApprove: Leaf = {
  define(command) {
    defineDecision(command, 'What to tell the requester');
    command.option('-y, --yes', 'Do not ask');
    addExamples(command, ['guichet requests approve REQ-12 --comment go', 'guichet requests list --to-approve']);
  },
  /** The digest of what was shown goes along: what has changed meanwhile is not approved. */
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const request = await fetchRequest(shell, args[0]);
    if (shell.interactive && flags['yes'] !== true && request.allowed.includes('approve')) {
      shell.say(requestText(request, shell.asideCanvas));
      const { askYesNo } = await import('../prompt/ask.ts');
      if (!(await askYesNo(shell, { message: `Approve ${request.id}?`, fallback: true })))
        throw new Interrupted('Nothing was decided.');
    }
    const approved = await client.call('requests.approve', {
      params: { request: request.id },
      body: { comment: textFlag(flags, 'comment') ?? '', digest: request.digest },
      signal: shell.context.interrupt,
    });
    await shell.show(
      approved,
      () => `Approved. ${approved.state === 'awaiting_approval' ? standingText(approved) : following(approved)}`,
    );
    return EXIT.ok;
  },
};

export const requestsReject: Leaf = {
  define(command) {
    defineDecision(command, 'Why; the requester reads it (required)');
    addExamples(command, ['guichet requests reject REQ-12 --comment "wait for the end of the sale"']);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const id = readRequestId(args[0]);
    const comment = textFlag(flags, 'comment')?.trim() || (await askComment(shell, id));
    const rejected = await client.call('requests.reject', {
      params: { request: id },
      body: { comment },
      signal: shell.context.interrupt,
    });
    await shell.show(rejected, () => `Rejected ${rejected.id}: it will not run.`);
    return EXIT.ok;
  },
};

export const requestsWithdraw: Leaf = {
  define(command) {
    defineDecision(command, 'Why');
    addExamples(command, ['guichet requests withdraw REQ-12']);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const body = { comment: textFlag(flags, 'comment') ?? '' };
    const params = { request: readRequestId(args[0]) };
    const withdrawn = await client.call('requests.withdraw', { params, body, signal: shell.context.interrupt });
    await shell.show(withdrawn, () => `Withdrew ${withdrawn.id}: it will not run.`);
    return EXIT.ok;
  },
};

export const requestsCancel: Leaf = {
  define(command) {
    defineDecision(command, 'Why');
    addExamples(command, ['guichet requests cancel REQ-12 --comment "wrong instance"']);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const body = { comment: textFlag(flags, 'comment') ?? '' };
    const params = { request: readRequestId(args[0]) };
    const cancelled = await client.call('requests.cancel', { params, body, signal: shell.context.interrupt });
    await shell.show(cancelled, () => whatCancelDid(cancelled));
    return EXIT.ok;
  },
};

function whatCancelDid(request: Request): string {
  const { id, state } = request;
  if (state === 'cancelled') return `Cancelled ${id}.`;
  if (state === 'unknown')
    return `${id} is not tried again. An earlier try was sent and nobody saw how it ended: whoever owns it finds out, and says so with guichet requests resolve ${id}.`;
  if (state === 'queued')
    return `${id} is cancelled once the call that was lost can arrive no more, within minutes. ${following(request)}`;
  return `Asked ${id} to stop. ${following(request)}`;
}

function defineDecision(command: Command, comment: string): void {
  command.argument('<request>', 'REQ-12, or just 12').option('--comment <text>', comment);
}

async function fetchRequest(shell: Shell, text: string | undefined): Promise<Request> {
  const client = await shell.client();
  return client.call('requests.show', { params: { request: readRequestId(text) }, signal: shell.context.interrupt });
}

async function askComment(shell: Shell, id: string): Promise<string> {
  if (!shell.interactive)
    throw new GuichetError('usage.invalid', 'Missing: --comment.', { remedy: `Say why ${id} should not run: --comment "…".` });
  const { askText } = await import('../prompt/ask.ts');
  return askText(shell, { message: `Why should ${id} not run?`, check: (text) => (text.trim() === '' ? 'Say why.' : undefined) });
}

function following({ id, state }: Request): string {
  return `${id} is ${state.replaceAll('_', ' ')}; guichet requests watch ${id} follows it.`;
}
