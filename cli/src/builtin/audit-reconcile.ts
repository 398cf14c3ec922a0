import { EXIT, type ReconcileFinding } from '@guichet/contract';
import { Option } from 'commander';
import { wholeNumber } from '../command.ts';
import { parseTime } from '../duration.ts';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import { counted } from '../policy/findings-text.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Leaf, numberFlag, textFlag } from './leaf.ts';

/** All parts together. */
interface Reconciliation {
  readonly since: string;
  grants: number;
  entries: number;
  readonly findings: ReconcileFinding[];
  skipped: readonly { readonly provider: string; readonly reason: string }[];
}

export const auditReconcile: Leaf = {
  define(command) {
    command
      .option('--provider <name>', 'Only this provider; all that keep a ledger when left out')
      .option('--since <time>', 'How far back, such as 2h, 7d or 2026-03-01 (default 30d)')
      .addOption(
        new Option('--examples <number>', 'How many of each kind to show (default 10)').argParser(wholeNumber('--examples', 0)),
      );
    command.addHelpText('after', '\nExit code 20 when the two sides do not agree about something, or a ledger cannot be read.');
    addExamples(command, [
      'guichet audit reconcile',
      'guichet audit reconcile --provider postgres --since 24h',
      'guichet audit reconcile --since 7d -o json > reconcile.json',
    ]);
  },
  async run(shell, { flags }) {
    const since = parseTime('--since', textFlag(flags, 'since') ?? '30d', shell.context.now());
    const found = await reconcileAll(shell, { since, provider: textFlag(flags, 'provider') });
    await shell.show(found, () => reconcileText(found, { shell, examples: numberFlag(flags, 'examples') ?? 10 }));
    return openOf(found).length === 0 ? EXIT.ok : EXIT.failed;
  },
};

async function reconcileAll(
  shell: Shell,
  { since, provider }: { since: string; provider: string | undefined },
): Promise<Reconciliation> {
  const { stderr, interrupt } = shell.context;
  const client = await shell.client();
  const all: Reconciliation = { since, grants: 0, entries: 0, findings: [], skipped: [] };
  let cursor: string | null = null;
  try {
    do {
      const body: { since: string; provider?: string; cursor?: string } = {
        since,
        ...(provider !== undefined && { provider }),
        ...(cursor !== null && { cursor }),
      };
      const part = await client.call('audit.reconcile', { body, signal: interrupt });
      all.grants += part.grants;
      all.entries += part.entries;
      all.findings.push(...part.findings);
      all.skipped = part.skipped;
      cursor = part.next;
      if (cursor !== null && stderr.isTTY === true)
        stderr.write(
          `\r\u001b[K${clean(part.provider ?? '')} through ${part.through?.slice(0, 10) ?? ''}: ${counted(all.grants, 'grant')}, ${counted(all.findings.length, 'finding')} …`,
        );
    } while (cursor !== null);
  } finally {
    if (stderr.isTTY === true) stderr.write('\r\u001b[K');
  }
  return all;
}

const openOf = ({ findings }: Pick<Reconciliation, 'findings'>): ReconcileFinding[] =>
  findings.filter(({ resolved }) => resolved === undefined);

const TITLES: Readonly<Record<ReconcileFinding['kind'], string>> = {
  effect_without_grant: 'Effects without a grant',
  grant_without_effect: 'Grants without an effect',
  outcome_mismatch: 'Outcomes that differ',
  outcome_missing: 'Runs without an outcome in the ledger',
  unsettled: 'Unknown here, and known to the provider',
  result_mismatch: 'Results that differ',
  receipt_missing: 'Receipts that are missing',
  receipt_refused: 'Receipts that do not hold',
  ledger_damaged: 'Damaged ledgers',
  ledger_unreadable: 'Ledgers that cannot be read',
};

function reconcileText(found: Reconciliation, { shell, examples }: { shell: Shell; examples: number }): string {
  const { canvas } = shell;
  const { paint } = canvas;
  const { grants, entries, findings, skipped, since } = found;
  const when = formatCell(since, 'timestamp', canvas).text;
  const open = openOf(found);
  const resolved = findings.filter((each) => each.resolved !== undefined);
  const agree = resolved.length === 0 ? 'Both sides agree.' : 'Both sides agree, but for what people have resolved.';
  const verdict = open.length === 0 ? paint.green(agree) : paint.red(`${counted(open.length, 'finding')}.`);
  const lines = [
    `${counted(grants, 'grant')} of runs and ${entries.toLocaleString('en')} ${entries === 1 ? 'entry' : 'entries'} of ledgers since ${when}. ${verdict}`,
  ];
  for (const { provider, reason } of skipped) lines.push(paint.dim(`Not looked at: ${clean(provider)}. ${clean(reason)}`));
  const list = (title: string, members: readonly ReconcileFinding[]): void => {
    lines.push('', paint.bold(`${title} (${members.length.toLocaleString('en')})`));
    for (const member of members.slice(0, examples)) lines.push(...findingLines(member, shell));
    if (members.length > examples && examples > 0)
      lines.push(paint.dim(`  … ${members.length - examples} more; --examples ${members.length} shows them`));
  };
  for (const [kind, members] of grouped(open)) list(TITLES[kind], members);
  if (resolved.length > 0) list('Resolved by people', resolved);
  return lines.join('\n');
}

function grouped(findings: readonly ReconcileFinding[]): Map<ReconcileFinding['kind'], ReconcileFinding[]> {
  const groups = new Map<ReconcileFinding['kind'], ReconcileFinding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.kind);
    if (group === undefined) groups.set(finding.kind, [finding]);
    else group.push(finding);
  }
  return groups;
}

function findingLines({ provider, at, request, run, message, remedy, resolved }: ReconcileFinding, { canvas }: Shell): string[] {
  const { paint } = canvas;
  const time = at === null ? '' : `  ${formatCell(at, 'timestamp', { ...canvas, tight: true }).text}`;
  const what = [provider, request, run === null ? null : `run ${run}`].filter((part) => part !== null).map((part) => clean(part));
  const said = [`  ${what.join(' · ')}${time}`, `    ${clean(message)}`];
  if (resolved === undefined) return [...said, `    ${paint.cyan('→')} ${clean(remedy)}`];
  const when = formatCell(resolved.at, 'timestamp', { ...canvas, tight: true }).text;
  return [...said, `    ${paint.green('✓')} Resolved by ${clean(resolved.by.name)}, ${when}: ${clean(resolved.comment)}`];
}
