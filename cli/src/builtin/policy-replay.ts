import { EXIT, type PolicyDifference, type PolicyFile } from '@guichet/contract';
import { Option } from 'commander';
import { wholeNumber } from '../command.ts';
import { parseTime } from '../duration.ts';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import { counted } from '../policy/findings-text.ts';
import { readPolicies } from '../policy/policy-files.ts';
import { decisionLine } from '../policy/rules-text.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Leaf, numberFlag, textFlag } from './leaf.ts';

/** All pages together. */
interface Replay {
  readonly since: string;
  /** The sets that decided; more than one when the rules in force changed meanwhile. */
  readonly digests: string[];
  looked: number;
  undecidable: number;
  withDenied: boolean;
  changed: number;
  readonly differences: PolicyDifference[];
}

export const policyReplay: Leaf = {
  define(command) {
    command
      .option('--since <time>', 'How far back, such as 2h, 7d or 2026-03-01 (default 90d)')
      .option('--policies <folder>', 'Decide by these .cedar files instead of the rules in force')
      .addOption(
        new Option('--examples <number>', 'How many requests to show for each rule (default 5)').argParser(
          wholeNumber('--examples', 0),
        ),
      )
      .option('--fail-on-change', 'Exit with 20 when a request would be decided otherwise');
    addExamples(command, [
      'guichet policy replay --since 90d',
      'guichet policy replay --since 90d --policies policies',
      'guichet policy replay --since 30d --policies policies --fail-on-change -o json > changes.json',
    ]);
  },
  async run(shell, { flags }) {
    const since = parseTime('--since', textFlag(flags, 'since') ?? '90d', shell.context.now());
    const folder = textFlag(flags, 'policies');
    const replay = await replayAll(shell, { since, policies: folder === undefined ? undefined : readPolicies(folder) });
    await shell.show(replay, () => replayText(replay, { shell, examples: numberFlag(flags, 'examples') ?? 5 }));
    return flags['failOnChange'] === true && replay.changed > 0 ? EXIT.failed : EXIT.ok;
  },
};

async function replayAll(
  shell: Shell,
  { since, policies }: { since: string; policies: PolicyFile[] | undefined },
): Promise<Replay> {
  const client = await shell.client();
  const replay: Replay = { since, digests: [], looked: 0, undecidable: 0, withDenied: true, changed: 0, differences: [] };
  const progress = progressOf(shell);
  let cursor: string | null = null;
  try {
    do {
      const body: { since: string; policies?: PolicyFile[]; cursor?: string } = {
        since,
        ...(policies !== undefined && { policies }),
        ...(cursor !== null && { cursor }),
      };
      const page = await client.call('policy.replay', { body, signal: shell.context.interrupt });
      replay.looked += page.looked;
      replay.undecidable += page.undecidable;
      replay.withDenied = page.withDenied;
      replay.differences.push(...page.differences);
      if (!replay.digests.includes(page.digest)) replay.digests.push(page.digest);
      cursor = page.next;
      if (cursor !== null)
        progress.show(`Looked at ${counted(replay.looked, 'request')}, ${replay.differences.length} would be otherwise …`);
    } while (cursor !== null);
  } finally {
    progress.end();
  }
  replay.changed = replay.differences.length;
  return replay;
}

/** One line on stderr that is written over itself on a terminal; elsewhere a line now and then. */
function progressOf({ context: { stderr } }: Shell) {
  const every = stderr.isTTY === true ? 1 : 10;
  let pages = 0;
  return {
    show(text: string): void {
      pages += 1;
      if (pages % every === 0) stderr.write(stderr.isTTY === true ? `\r\u001b[K${text}` : `${text}\n`);
    },
    end(): void {
      if (pages > 0 && stderr.isTTY === true) stderr.write('\r\u001b[K');
    },
  };
}

function replayText(replay: Replay, { shell, examples }: { shell: Shell; examples: number }): string {
  const { canvas } = shell;
  const { paint } = canvas;
  const { looked, changed, undecidable, since, digests, withDenied, differences } = replay;
  const when = formatCell(since, 'timestamp', canvas).text;
  if (looked === 0) return `No request was recorded since ${when}.`;
  const lines = [
    `Of ${counted(looked, 'request')} since ${when}, ${changed === 0 ? paint.green('none') : paint.yellow(changed.toLocaleString('en'))} would be decided otherwise.`,
    paint.dim('Teams and on-call are those of today; what was asked for, owners and risk are those that were recorded.'),
  ];
  if (undecidable > 0)
    lines.push(`${counted(undecidable, 'request')} could not be decided: whoever filed them is no longer in the company.`);
  if (!withDenied) lines.push('Submissions that were denied are left out: you may not read the audit log.');
  if (digests.length > 1) lines.push(paint.yellow('The rules in force changed meanwhile: run it again for one answer.'));
  const groups = new Map<string, PolicyDifference[]>();
  for (const difference of differences) {
    const title = groupOf(difference);
    const group = groups.get(title);
    if (group === undefined) groups.set(title, [difference]);
    else group.push(difference);
  }
  for (const [title, members] of [...groups].sort((a, b) => b[1].length - a[1].length)) {
    lines.push('', `${paint.bold(clean(title))}  ${paint.dim(`(${members.length.toLocaleString('en')})`)}`);
    for (const member of members.slice(0, examples)) lines.push(exampleText(member, shell));
    if (members.length > examples && examples > 0)
      lines.push(paint.dim(`  … ${members.length - examples} more; --examples ${members.length} shows them`));
  }
  return lines.join('\n');
}

const EFFECTS = { permit: 'permitted', needs: 'need approval', deny: 'denied' } as const;

function groupOf({ was, now, rules }: PolicyDifference): string {
  const how =
    was.effect === now.effect
      ? 'other approvals'
      : `were ${EFFECTS[was.effect]}, now ${EFFECTS[now.effect]}`.replace('were need', 'needed');
  return `${rules.join(', ')}: ${how}`;
}

function exampleText(
  { request, at, requester, action, environment, resource, was, now }: PolicyDifference,
  { canvas }: Shell,
): string {
  const { paint } = canvas;
  const place = { canvas: { ...canvas, width: canvas.width - 4 }, indent: 8 };
  const id = request ?? 'denied';
  const where = `${clean(action)} in ${clean(environment)} on ${clean(resource.id)} (${clean(resource.owner)})`;
  return [
    `  ${paint.bold(id)}  ${formatCell(at, 'timestamp', { ...canvas, tight: true }).text}  ${clean(requester.name)}: ${where}`,
    `    ${decisionLine(was, { what: 'was', ...place })}`,
    `    ${decisionLine(now, { what: 'now', ...place })}`,
  ].join('\n');
}
