import { EXIT, GuichetError, type ReviewVerdict } from '@guichet/contract';
import { breakGlass, brokenText, confirmGlass, problemOfReason, readEmergency, verdictText } from '../request/glass.ts';
import { readRequestId } from '../request/request-id.ts';
import { requestText, standingText } from '../request/request-text.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Given, type Leaf, textFlag } from './leaf.ts';

export const requestsBreakGlass: Leaf = {
  define(command) {
    command
      .argument('<request>', 'REQ-12, or just 12')
      .option('--incident <id>', 'The incident that it is for (required)')
      .option('-r, --reason <text>', 'Why it cannot wait for an approval (required)')
      .option('-y, --yes', 'Do not ask');
    addExamples(command, ['guichet requests break-glass REQ-12 --incident INC-7 --reason "checkout is down, nobody answers"']);
  },
  /** The digest of what was shown goes along: what has changed meanwhile is not run. */
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const id = readRequestId(args[0]);
    const emergency = readEmergency(
      textFlag(flags, 'incident') ?? (await asked(shell, { message: `Which incident is ${id} for? Such as INC-7` })),
      textFlag(flags, 'reason') ?? (await asked(shell, { message: 'Why can it not wait?', check: problemOfReason })),
    );
    const request = await client.call('requests.show', { params: { request: id }, signal: shell.context.interrupt });
    if (shell.interactive && flags['yes'] !== true && request.allowed.includes('break_glass')) {
      shell.say(requestText(request, shell.asideCanvas));
      await confirmGlass(shell, { word: id, message: 'It runs at once, and every approver is told.' });
    }
    const broken = await breakGlass(shell, request, emergency);
    await shell.show(
      broken,
      () => `${brokenText(request, broken)}\n${standingText(broken)}\nguichet requests watch ${id} follows it.`,
    );
    return EXIT.ok;
  },
};

export const requestsReview: Leaf = {
  define(command) {
    command
      .argument('<request>', 'REQ-12, or just 12')
      .option('--justified', 'It was right to break the glass')
      .option('--not-justified', 'It was not')
      .option('--comment <text>', 'What you found (required)');
    addExamples(command, [
      'guichet requests list --to-review',
      'guichet requests review REQ-12 --justified --comment "INC-7: nobody of payments was awake"',
    ]);
  },
  async run(shell, { args, flags }) {
    const client = await shell.client();
    const id = readRequestId(args[0]);
    const verdict = readVerdict(flags);
    const given = textFlag(flags, 'comment')?.trim();
    const comment = given || (await asked(shell, { message: `What did you find out about ${id}?`, check: problemOfComment }));
    if (comment === undefined)
      throw new GuichetError('usage.invalid', 'Missing: --comment.', { remedy: 'Say what you found: --comment "…".' });
    const reviewed = await client.call('requests.review', {
      params: { request: id },
      body: { comment, verdict },
      signal: shell.context.interrupt,
    });
    await shell.show(reviewed, () => `Closed the review of ${id}: ${verdictText(verdict)}.`);
    return EXIT.ok;
  },
};

function readVerdict(flags: Given['flags']): ReviewVerdict {
  const justified = flags['justified'] === true;
  if (justified !== (flags['notJustified'] === true)) return justified ? 'justified' : 'not_justified';
  throw new GuichetError('usage.invalid', 'Say one of --justified and --not-justified.', {
    remedy: 'Was it right to break the glass?',
  });
}

const problemOfComment = (text: string): string | undefined => (text.trim() === '' ? 'Say what you found.' : undefined);

/** Undefined where nobody can be asked. */
async function asked(
  shell: Shell,
  question: { message: string; check?: (text: string) => string | undefined },
): Promise<string | undefined> {
  if (!shell.interactive) return undefined;
  const { askText } = await import('../prompt/ask.ts');
  return askText(shell, { check: (text) => (text.trim() === '' ? 'It is needed.' : undefined), ...question });
}
