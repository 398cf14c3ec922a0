import { EXIT, GuichetError, type Request, type Resolution } from '@guichet/contract';
import { Option } from 'commander';
import { oneOf } from '../command.ts';
import { Interrupted } from '../context.ts';
import { readRequestId } from '../request/request-id.ts';
import { requestText } from '../request/request-text.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Given, type Leaf, textFlag } from './leaf.ts';

const OUTCOMES = ['succeeded', 'failed', 'not-started'] as const;
const SHORTEST_REASON = 10;

/** What each outcome makes of the request. */
const MEANING: Readonly<Record<Resolution, string>> = {
  succeeded: 'its effect is there: it ends as succeeded',
  failed: 'it began and did not do it: it ends as failed',
  not_started: 'nothing was done: it ends as failed, and nothing is sent again',
};

export const requestsResolve: Leaf = {
  define(command) {
    command
      .argument('<request>', 'REQ-12, or just 12')
      .addOption(
        new Option('--as <outcome>', `What you found (required): ${OUTCOMES.join(', ')}`).argParser(oneOf('--as', OUTCOMES)),
      )
      .option('-r, --reason <text>', 'How you know (required)')
      .option('--force', 'Although its provider says that it still runs')
      .option('-y, --yes', 'Do not ask');
    addExamples(command, [
      'guichet requests list --state unknown',
      'guichet requests resolve REQ-12 --as succeeded --reason "the topic is gone, I looked in the broker"',
      'guichet requests resolve REQ-12 --as not-started --reason "no trace of it in the log of the service"',
    ]);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const id = readRequestId(args[0]);
    const outcome = readOutcome(flags);
    const reason = readReason(textFlag(flags, 'reason') ?? (await askedReason(shell, id)));
    const request = await client.call('requests.show', { params: { request: id }, signal: shell.context.interrupt });
    if (shell.interactive && flags['yes'] !== true && request.allowed.includes('resolve')) await confirm(shell, request, outcome);
    const resolved = await client.call('requests.resolve', {
      params: { request: id },
      body: { outcome, reason, force: flags['force'] === true },
      signal: shell.context.interrupt,
    });
    await shell.show(resolved, () => `Resolved ${id}: ${MEANING[outcome]}. What waited on the same resource goes on.`);
    return EXIT.ok;
  },
};

function readOutcome(flags: Given['flags']): Resolution {
  const given = OUTCOMES.find((known) => known === flags['as']);
  if (given !== undefined) return given === 'not-started' ? 'not_started' : given;
  throw new GuichetError('usage.invalid', 'Missing: --as.', { remedy: `Say what you found: --as ${OUTCOMES.join(', --as ')}.` });
}

function readReason(given: string | undefined): string {
  const reason = given?.trim() ?? '';
  if (problemOfReason(reason) === undefined) return reason;
  throw new GuichetError('usage.invalid', `--reason must say how you know, in at least ${SHORTEST_REASON} characters.`, {
    remedy: '--reason "the topic is gone, I looked in the broker"',
  });
}

const problemOfReason = (text: string): string | undefined =>
  text.trim().length < SHORTEST_REASON ? `Say how you know, in at least ${SHORTEST_REASON} characters.` : undefined;

/** Undefined where nobody can be asked. */
async function askedReason(shell: Shell, id: string): Promise<string | undefined> {
  if (!shell.interactive) return undefined;
  const { askText } = await import('../prompt/ask.ts');
  return askText(shell, { message: `How do you know what became of ${id}?`, check: problemOfReason });
}

/** It cannot be taken back: what was planned is shown first. */
async function confirm(shell: Shell, request: Request, outcome: Resolution): Promise<void> {
  shell.say(requestText(request, shell.asideCanvas));
  const { askYesNo } = await import('../prompt/ask.ts');
  const message = `You say that ${MEANING[outcome]}. It cannot be taken back. Resolve ${request.id}?`;
  if (!(await askYesNo(shell, { message, fallback: false }))) throw new Interrupted('Nothing was decided.');
}
