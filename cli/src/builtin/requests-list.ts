import { EXIT, GuichetError, REQUEST_STATES, type RequestSummary, type Review, type TableOutput } from '@guichet/contract';
import { Option } from 'commander';
import { oneOf, wholeNumber } from '../command.ts';
import { parseTime } from '../duration.ts';
import { drawTable } from '../output/table.ts';
import { verdictText } from '../request/glass.ts';
import { waitingFor } from '../request/plan-text.ts';
import { addExamples, type Given, type Leaf, textFlag } from './leaf.ts';
import { readPages, sayMore } from './pages.ts';

export const requestsList: Leaf = {
  define(command) {
    command
      .option('--to-approve', 'Only those that wait for an approval that you can give')
      .option('--to-review', 'Only those whose glass was broken, and whose review you can close')
      .option('--to-undo', 'Only those whose time is over, and that a person has to undo')
      .option('--mine', 'Only your own')
      .addOption(new Option('--state <state>', REQUEST_STATES.join(', ')).argParser(oneOf('--state', REQUEST_STATES)))
      .option('--action <id>', 'An action such as postgres.terminate-session, or postgres.*')
      .option('-e, --env <environment>', 'Only in this environment')
      .option('--requester <who>', 'user:NAME or machine:NAME; a bare name is a user')
      .option('--since <time>', 'Not before: 2h, 7d, 2026-03-01')
      .option('--until <time>', 'Before')
      .addOption(new Option('--limit <number>', 'At most so many (default 50)').argParser(wholeNumber('--limit', 1)))
      .option('--all', 'All of them');
    addExamples(command, [
      'guichet requests list --to-approve',
      'guichet requests list --to-review',
      'guichet requests list --to-undo',
      'guichet requests list --mine --state awaiting_approval',
      'guichet requests list --action "orders.*" --since 7d -o json',
    ]);
  },
  async run(shell, given) {
    const client = await shell.client();
    const query = queryOf(given, shell.context.now());
    let toReview = 0;
    const pages = await readPages(given, async (page) => {
      const answer = await client.call('requests.list', { query: { ...query, ...page }, signal: shell.context.interrupt });
      toReview = answer.toReview;
      return answer;
    });
    await shell.show({ ...pages, toReview }, () => drawTable(toTable(pages.items, given), shell.canvas));
    sayMore(shell, pages);
    if (toReview > 0 && given.flags['toReview'] !== true && !shell.forPrograms)
      shell.say(
        shell.aside.yellow(
          `${toReview === 1 ? 'A broken glass waits' : `${toReview} broken glasses wait`} for your review: guichet requests list --to-review`,
        ),
      );
    return EXIT.ok;
  },
};

function queryOf({ flags }: Given, now: Date) {
  const requester = textFlag(flags, 'requester');
  if (flags['mine'] === true && requester !== undefined)
    throw new GuichetError('usage.invalid', '--mine and --requester exclude each other.');
  const who = flags['mine'] === true ? 'me' : requester;
  const since = textFlag(flags, 'since');
  const until = textFlag(flags, 'until');
  const state = REQUEST_STATES.find((known) => known === flags['state']);
  return {
    ...(flags['toApprove'] === true && { toApprove: 'true' as const }),
    ...(flags['toReview'] === true && { toReview: 'true' as const }),
    ...(flags['toUndo'] === true && { undo: 'held' as const }),
    ...(state !== undefined && { state }),
    ...(flags['action'] !== undefined && { action: String(flags['action']) }),
    ...(flags['env'] !== undefined && { environment: String(flags['env']) }),
    ...(who !== undefined && { requester: who === 'me' || who.includes(':') ? who : `user:${who}` }),
    ...(since !== undefined && { since: parseTime('--since', since, now) }),
    ...(until !== undefined && { until: parseTime('--until', until, now) }),
  };
}

export function toTable(items: readonly RequestSummary[], { flags }: Pick<Given, 'flags'>): TableOutput {
  return {
    kind: 'table',
    columns: [
      { key: 'id', title: 'ID', type: 'number', wide: false },
      { key: 'state', title: 'State', type: 'state', wide: false },
      { key: 'environment', title: 'Env', type: 'text', wide: false },
      { key: 'requester', title: 'Requester', type: 'text', wide: false },
      { key: 'age', title: 'Created', type: 'timestamp', wide: false },
      { key: 'summary', title: 'Plan', type: 'text', wide: false },
      { key: 'waits', title: 'Waits for', type: 'text', wide: flags['toApprove'] === true },
      { key: 'review', title: 'Review', type: 'text', wide: flags['toReview'] !== true },
      { key: 'action', title: 'Action', type: 'text', wide: true },
      { key: 'reason', title: 'Reason', type: 'text', wide: flags['toApprove'] !== true },
    ],
    rows: items.map((item) => ({
      id: item.id,
      state: item.state,
      environment: item.environment,
      requester: item.requester.name,
      age: item.createdAt,
      summary: item.summary,
      waits: item.state === 'awaiting_approval' ? (waitingFor(item.gates) ?? null) : item.waitsFor,
      review: item.review === null ? null : reviewText(item.review),
      action: item.action,
      reason: item.reason,
    })),
    empty: emptyText(flags),
  };
}

/** `open: INC-7, broken by Sven Lindqvist` */
function reviewText({ incident, brokenBy, verdict }: Review): string {
  return `${verdictText(verdict)}: ${incident}, broken by ${brokenBy.name}`;
}

function emptyText(flags: Given['flags']): string {
  if (flags['toApprove'] === true) return 'Nothing waits for your approval.';
  if (flags['toReview'] === true) return 'No broken glass waits for your review.';
  if (flags['toUndo'] === true) return 'Nothing waits for a person to undo it.';
  const filtered = ['state', 'action', 'env', 'requester', 'since', 'until'].some((name) => flags[name] !== undefined);
  if (filtered) return 'No request fits. Leave out a filter to see more.';
  if (flags['mine'] === true)
    return 'You have no requests. Run a write to make one: guichet actions list --kind write shows them.';
  return 'There are no requests yet. Run a write to make one: guichet actions list --kind write shows them.';
}
