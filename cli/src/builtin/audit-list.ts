import { type AuditEvent, EXIT, type TableOutput } from '@guichet/contract';
import { Option } from 'commander';
import { wholeNumber } from '../command.ts';
import { parseTime } from '../duration.ts';
import { drawTable } from '../output/table.ts';
import { readRequestId } from '../request/request-id.ts';
import { addExamples, type Given, type Leaf, textFlag } from './leaf.ts';
import { readPages, sayMore } from './pages.ts';

export const auditList: Leaf = {
  define(command) {
    command
      .option('--request <request>', 'Only of this request: REQ-12, or just 12')
      .option('--actor <who>', 'user:NAME or machine:NAME; a bare name is a user')
      .option('--action <id>', 'An action such as postgres.terminate-session, or postgres.*')
      .option('--resource <resource>', 'What was acted on: TYPE:ID, or what it begins with and *')
      .option('-e, --env <environment>', 'Only in this environment')
      .option('--type <type>', 'Only events of this type, such as request.approved')
      .addOption(new Option('--outcome <outcome>', 'Only what came out so').choices(['ok', 'denied', 'failed']))
      .option('--search <text>', "Words that stand in it: reason, summary, resource, who ..; 'pay*' for what begins so")
      .option('--since <time>', 'Not before: 2h, 7d, 2026-03-01')
      .option('--until <time>', 'Before')
      .addOption(new Option('--limit <number>', 'At most so many (default 50)').argParser(wholeNumber('--limit', 1)))
      .option('--all', 'All of them');
    addExamples(command, [
      'guichet audit list --request REQ-12',
      'guichet audit list --actor nadia --since 2h',
      "guichet audit list --search 'orders INC-4711' --since 30d",
      "guichet audit list --action 'postgres.*' --resource postgres.database:orders --outcome denied",
      'guichet audit list --type request.approved --since 7d --all -o json',
    ]);
  },
  async run(shell, given) {
    const client = await shell.client();
    const query = queryOf(given, shell.context.now());
    let archivedBefore: string | undefined;
    const found = await readPages(given, async (page) => {
      const answer = await client.call('audit.list', { query: { ...query, ...page }, signal: shell.context.interrupt });
      ({ archivedBefore } = answer);
      return answer;
    });
    await shell.show(found, () => drawTable(toTable(found.items), shell.canvas, { keep: ['type'] }));
    sayMore(shell, found);
    if (archivedBefore !== undefined && !shell.forPrograms)
      shell.say(shell.aside.dim(`Events from before ${archivedBefore.slice(0, 10)} are archived, and not searched here.`));
    return EXIT.ok;
  },
};

function queryOf({ flags }: Given, now: Date) {
  const request = textFlag(flags, 'request');
  const actor = textFlag(flags, 'actor');
  const since = textFlag(flags, 'since');
  const until = textFlag(flags, 'until');
  return {
    ...(request !== undefined && { request: readRequestId(request) }),
    ...(actor !== undefined && { actor: actor.includes(':') || actor === 'system' ? actor : `user:${actor}` }),
    ...(flags['action'] !== undefined && { action: String(flags['action']) }),
    ...(flags['resource'] !== undefined && { resource: String(flags['resource']) }),
    ...(isOutcome(flags['outcome']) && { outcome: flags['outcome'] }),
    ...(flags['search'] !== undefined && { search: String(flags['search']) }),
    ...(flags['env'] !== undefined && { environment: String(flags['env']) }),
    ...(flags['type'] !== undefined && { type: String(flags['type']) }),
    ...(since !== undefined && { since: parseTime('--since', since, now) }),
    ...(until !== undefined && { until: parseTime('--until', until, now) }),
  };
}

const isOutcome = (value: unknown): value is AuditEvent['outcome'] => value === 'ok' || value === 'denied' || value === 'failed';

function toTable(items: readonly AuditEvent[]): TableOutput {
  return {
    kind: 'table',
    columns: [
      { key: 'id', title: 'No', type: 'number', wide: true },
      { key: 'at', title: 'When', type: 'timestamp', wide: false },
      { key: 'actor', title: 'Who', type: 'text', wide: false },
      { key: 'type', title: 'What', type: 'text', wide: false },
      { key: 'outcome', title: 'Outcome', type: 'state', wide: false },
      { key: 'request', title: 'Request', type: 'text', wide: false },
      { key: 'action', title: 'Action', type: 'text', wide: false },
      { key: 'environment', title: 'Env', type: 'text', wide: false },
      { key: 'resource', title: 'Resource', type: 'text', wide: true },
      { key: 'detail', title: 'Detail', type: 'text', wide: false },
    ],
    rows: items.map(({ data, actor, ...item }) => ({
      ...item,
      actor: actor.name,
      detail: detailOf(data) ?? (item.request === null ? factsOf(data) : null),
    })),
    empty: 'Nothing is recorded that fits. Leave out a filter, or go further back with --since.',
  };
}

/** The part of an entry that says most, for people; programs get all of it. */
function detailOf(data: AuditEvent['data']): string | null {
  for (const name of ['comment', 'reason', 'result', 'message', 'summary', 'code', 'why']) {
    const value = data[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  const failure = data['failure'];
  if (typeof failure === 'object' && failure !== null && 'message' in failure) return String(failure.message);
  const findings = data['findings'];
  if (Array.isArray(findings) && findings.length > 0) return firstOf(findings);
  const input = data['input'];
  return input === undefined ? null : JSON.stringify(input);
}

/** Of files that were refused: `teams.yaml:3 names a person 'nadja' that is not there, and 2 more`. */
function firstOf([first, ...rest]: readonly unknown[]): string | null {
  if (typeof first !== 'object' || first === null || !('path' in first && 'line' in first && 'message' in first)) return null;
  return `${first.path}:${first.line} ${first.message}${rest.length === 0 ? '' : `, and ${rest.length} more`}`;
}

/** What an entry about no request says in single words: `client Chrome on Linux · address 127.0.0.1`. Digests are for programs. */
function factsOf(data: AuditEvent['data']): string | null {
  const facts = Object.entries(data).flatMap(([name, value]) => {
    const isFact = typeof value === 'number' || (typeof value === 'string' && !value.startsWith('sha256:'));
    return isFact ? [`${name} ${value}`] : [];
  });
  return facts.length === 0 ? null : facts.join(' · ');
}
