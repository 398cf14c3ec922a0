import { EXIT, GuichetError } from '@guichet/contract';
import {
  type ArchivedEvents,
  type AuditFinding,
  type AuditHead,
  archivedInWords,
  checkedKey,
  clockInWords,
  compareWithPublished,
  HeadChain,
  LeafPages,
  LogVerifier,
  unknownRestores,
} from '@guichet/contract/audit-log';
import { archivedLines } from '../audit/archives.ts';
import { linesOf, readHeads } from '../audit/log-files.ts';
import { servedEvents, servedHeads } from '../audit/served-log.ts';
import { collect } from '../command.ts';
import { clean } from '../output/clean.ts';
import { progressLine } from '../output/progress-line.ts';
import type { Shell } from '../shell.ts';
import { addExamples, type Given, type Leaf, listFlag, textFlag } from './leaf.ts';

/** What came out; the document for programs. */
interface Report {
  readonly holds: boolean;
  readonly events: number;
  readonly heads: number;
  readonly key: string | null;
  readonly keyGiven: boolean;
  readonly findings: readonly AuditFinding[];
  /** What is in archives that were not given: not checked. */
  readonly archived: ArchivedEvents | null;
  readonly notes: readonly string[];
}

export const auditVerify: Leaf = {
  define(command) {
    command
      .option(
        '--heads <path>',
        'Heads that were published outside the database, a file or a folder: the log must agree with them',
      )
      .option('--export <file>', 'Check this export, with --heads and without a gateway')
      .option('--archive <folder>', 'Check archived events too: the folder that the gateway archived them to')
      .option('--accept-restore <head>', 'The head of this number declares a restore that you know of; repeat for more', collect)
      .option('--key <key>', 'The public key of the log, as you were given it (default: the one that its first head names)');
    addExamples(command, [
      'guichet audit verify',
      'guichet audit verify --heads audit-heads.jsonl',
      'guichet audit verify --archive /archives/guichet',
      'guichet audit verify --export events.jsonl --heads audit-heads.jsonl --key qgbc...8c=',
    ]);
  },
  async run(shell, given) {
    const report = await verify(shell, given);
    await shell.show(report, () => reportText(report, shell));
    return report.holds ? EXIT.ok : EXIT.failed;
  },
};

async function verify(shell: Shell, { flags }: Given): Promise<Report> {
  const headsFile = textFlag(flags, 'heads');
  const exportFile = textFlag(flags, 'export');
  const key = checkedKey(textFlag(flags, 'key'));
  const archiveFolder = textFlag(flags, 'archive');
  const archived = archiveFolder === undefined ? undefined : archivedLines(archiveFolder);
  if (exportFile !== undefined && headsFile === undefined)
    throw new GuichetError('usage.invalid', 'An export is checked against heads: name them too.', {
      remedy: 'Pass --heads FILE with the heads that were published.',
    });
  const published = headsFile === undefined ? undefined : chainOf(await readHeads(headsFile), key);
  const known = (listFlag(flags, 'acceptRestore') ?? []).map(Number);
  const progress = progressLine(shell);
  try {
    if (exportFile !== undefined && published !== undefined)
      return await verifyFiles(exportFile, { published, key, known, archived, progress });
    return await verifyServed(shell, { published, key, known, archived, progress });
  } finally {
    progress.end();
  }
}

/** An honest reason for an export that ends before its heads do, and how to tell it from the other one. */
const OLDER_EXPORT =
  'An export from before these heads ends early too: export again, and if it still ends there, the events are gone.';

interface Work {
  readonly published: HeadChain | undefined;
  readonly key: string | undefined;
  /** Heads of restores that whoever checks knows of. */
  readonly known: readonly number[];
  /** The lines of archives, oldest first. */
  readonly archived: AsyncIterable<string> | undefined;
  readonly progress: { show(text: string): void };
}

function chainOf(heads: readonly AuditHead[], key: string | undefined): HeadChain {
  const chain = new HeadChain({ key });
  for (const head of heads) chain.add(head);
  chain.end();
  return chain;
}

async function verifyFiles(
  path: string,
  { published, key, known, archived, progress }: Work & { published: HeadChain },
): Promise<Report> {
  const verifier = new LogVerifier({ heads: published.heads, goesOn: true, keys: published.keys });
  let count = await verifyArchives(verifier, archived, progress);
  for await (const lines of linesOf(path)) {
    for (const line of lines) verifier.line(line);
    count += lines.length;
    progress.show(`Checked ${count.toLocaleString('en')} events …`);
  }
  verifier.end();
  const findings = [...published.findings, ...verifier.findings, ...unknownRestores(published.restores, known)];
  return report({ chain: published, verifier, findings, key, exported: true });
}

/** Gives how many events there were. */
async function verifyArchives(
  verifier: LogVerifier,
  lines: AsyncIterable<string> | undefined,
  progress: Work['progress'],
): Promise<number> {
  let count = 0;
  for await (const line of lines ?? []) {
    verifier.line(line);
    count += 1;
    if (count % 10_000 === 0) progress.show(`Checked ${count.toLocaleString('en')} archived events …`);
  }
  verifier.archivesRead();
  return count;
}

async function verifyServed(shell: Shell, { published, key, known, archived, progress }: Work): Promise<Report> {
  const client = await shell.client();
  const signal = shell.context.interrupt;
  const { heads, problem } = await servedHeads(client, signal);
  const chain = chainOf(heads, key);
  const leaves = new LeafPages();
  const verifier = new LogVerifier({ heads: chain.heads, leafAt: leaves.at, keys: chain.keys });
  // The log grows meanwhile: what came after the last head that was read is for the next time.
  const last = chain.heads.at(-1)?.size ?? 0;
  let seen = await verifyArchives(verifier, archived, progress);
  for await (const page of servedEvents(client, 0, signal)) {
    if (page.start >= last) break;
    leaves.add(page.start, page.hashes);
    const known = page.hashes.length / 32;
    const mine = page.start + known > last ? page.lines.slice(0, last - page.start) : page.lines;
    for (const line of mine) verifier.line(line);
    if (page.lines.length === 0) verifier.reached(Math.min(last, page.start + known));
    seen += mine.length;
    // What is in an archive may be in the database too.
    progress.show(`Checked ${Math.min(seen, last).toLocaleString('en')} of ${last.toLocaleString('en')} events …`);
  }
  verifier.end();
  const findings = [
    ...chain.findings,
    ...(published === undefined ? [] : [...published.findings, ...compareWithPublished(chain.heads, published.heads)]),
    ...verifier.findings,
    ...unknownRestores(chain.restores, known),
  ];
  return report({ chain, verifier, findings, key, problem });
}

function report({
  chain,
  verifier,
  findings,
  key,
  problem = null,
  exported = false,
}: {
  chain: HeadChain;
  verifier: LogVerifier;
  findings: readonly AuditFinding[];
  key: string | undefined;
  problem?: string | null;
  exported?: boolean;
}): Report {
  const restores = chain.restores.map(
    ({ number, restore }) =>
      `Head ${number} declares a restore: what came after head ${restore?.after} up to head ${restore?.lost} is lost (${restore?.reason}).`,
  );
  const more = verifier.beyond;
  const beyond =
    more === 0 ? [] : [`${more.toLocaleString('en')} events at the end came after the last of these heads: not checked.`];
  return {
    holds: findings.length === 0 && problem === null,
    events: verifier.events,
    heads: chain.heads.length,
    key: chain.heads[0]?.announces?.public ?? key ?? null,
    keyGiven: key !== undefined,
    findings,
    archived: verifier.archived ?? null,
    notes: [
      ...(problem === null ? [] : [`The gateway seals no more: ${problem}`]),
      ...(findings.some(({ kind }) => kind === 'lost_heads') ? [] : restores),
      ...clockInWords(verifier),
      ...archivedInWords(verifier),
      ...beyond,
      ...(exported && findings.length > 0 && findings.every(({ kind }) => kind === 'truncated') ? [OLDER_EXPORT] : []),
    ],
  };
}

function reportText(
  { holds, events, heads, key, keyGiven, findings, archived, notes }: Report,
  { canvas: { paint } }: Shell,
): string {
  const sum = `${events.toLocaleString('en')} events, ${heads.toLocaleString('en')} heads`;
  const lines = findings.map(({ kind, message }) => `${paint.red(kind.replaceAll('_', ' '))}  ${clean(message)}`);
  lines.push(...notes.map((note) => paint.yellow(clean(note))));
  if (heads === 0) return [...lines, 'Nothing is sealed yet.'].join('\n');
  if (!keyGiven)
    lines.push(paint.dim(`The first head names the key ${key}. Compare it with the one that you were given, or pass --key.`));
  lines.push(
    holds
      ? `${paint.green('✓')} ${sum}, ${archived === null ? 'all hold' : 'what is here holds'}.`
      : `${paint.red('✗')} ${sum}: the log does not hold.`,
  );
  return lines.join('\n');
}
