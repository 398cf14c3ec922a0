import { type ArchiveStatement, isArchiveProven, readArchiveStatement } from './archive.ts';
import { deletedFrom, editedIn, goneFrom, isInOrder, type Line, misplacedIn } from './damage.ts';
import { type AuditFinding, type AuditFindingKind, counted, findingOf, named } from './findings.ts';
import { type AuditHead, type AuditKey, countOf } from './head.ts';
import { type Hash, leafHash, MerkleTree, rootOf } from './merkle.ts';
import { idsOfHead, Owners } from './owners.ts';

/** A transaction may take so long between the event and its commit. One that comes later still was put there afterwards. */
const LATEST_COMMIT_MS = 3_600_000;
const START = /^\{"id":"(-?\d+)","at":"([^"]{20,40})"/;
const LONGEST_ID = 16;

export interface LogVerifierOptions {
  /** All heads, in order, from the first one whose events are looked at. */
  readonly heads: readonly AuditHead[];
  /** The tree before the first of them; empty when that is head 1, unknown when absent and it is not. */
  readonly tree?: MerkleTree;
  /** True when the events may go on after the last of these heads: those at the end are counted, not refused. */
  readonly goesOn?: boolean;
  /** The hash of a leaf as the log keeps it, to say which event of a head was edited. */
  readonly leafAt?: (index: number) => Hash | undefined;
  /** The keys of the log: what one of them signed may say that events are in an archive. */
  readonly keys?: readonly AuditKey[];
  /**
   * Set when these heads are a part of the log, with the head before them: events that are missing at its end are gone from
   * within, and heads of which no event is here are told by `absent`, for whoever knows the statements of all parts.
   */
  readonly part?: { readonly before: AuditHead | undefined };
}

/** Events that are not here, and of which a sealed and signed event says that they were archived. */
export interface ArchivedEvents {
  readonly events: number;
  /** The first and the last head of them. */
  readonly from: number;
  readonly to: number;
}

/** A head of whose events some are gone. */
interface Gone {
  readonly head: AuditHead;
  /** Those that are, when not all of them are. */
  readonly ids: readonly number[] | undefined;
  /** Whether the hashes that the log keeps of them come to the head; undefined when there are none. */
  readonly hashesHold?: boolean | undefined;
}

/** An event as a line, and what it says of itself. */
export interface EventLine {
  /** NaN when it is no event. */
  readonly id: number;
  readonly at: string;
  readonly text: string;
}

/** What the beginning of a line says. */
export function readLine(text: string): EventLine {
  const [, id = '-', at = ''] = START.exec(text) ?? [];
  return { id: id.length > LONGEST_ID || id.startsWith('-') ? Number.NaN : Number(id), at, text };
}

/**
 * Checks events, as lines in the order of the log, against heads that hold. Every head also has a root of its own events
 * alone: what is wrong is found in the head where it is, and does not hide what comes after.
 */
export class LogVerifier {
  readonly findings: AuditFinding[] = [];
  /** The first head that was made by a clock which had gone back; `before` is the one before it. */
  clockWentBack: { readonly head: AuditHead; readonly before: AuditHead } | undefined;
  readonly #heads: readonly AuditHead[];
  readonly #owners: Owners;
  readonly #options: LogVerifierOptions;
  #tree: MerkleTree | undefined;
  #current = 0;
  #lines: Line[] = [];
  #strays: { readonly id: number; readonly at: string }[] = [];
  #events = 0;
  /** Deleted so far, when nothing has come since: whether the end of the log is gone is known at the end alone. */
  #missing: Gone[] = [];
  /** Heads of which no event is here although later ones are: deleted, unless a later event says that they were archived. */
  readonly #empty = new Map<number, Gone>();
  /** What events of the head that is read now say of archives. */
  #said: ArchiveStatement[] = [];
  readonly #statements: { readonly statement: ArchiveStatement; readonly head: number }[] = [];
  #archived: ArchivedEvents | undefined;
  /** Index of the first head that was not read from archives. */
  #notCopied = 0;
  /** Index of the head whose other copy is read now, and of the first one whose other copy may come next. */
  #copyOf: number | undefined;
  #nextCopy = 0;
  /** What archives have that came after the last head. */
  #beyond: ReadonlySet<number> = new Set();

  constructor(options: LogVerifierOptions) {
    this.#options = options;
    this.#heads = options.heads;
    this.#owners = new Owners(options.heads);
    this.#tree = options.tree ?? (options.heads[0]?.number === 1 ? new MerkleTree() : undefined);
  }

  /** How many events were found in their place. */
  get events(): number {
    return this.#events;
  }

  /** The tree up to the last head; undefined once there was damage. */
  get tree(): MerkleTree | undefined {
    return this.#tree;
  }

  /** What whole events say of archives, each with the number of its head. */
  get statements(): readonly { readonly statement: ArchiveStatement; readonly head: number }[] {
    return this.#statements;
  }

  /** Of a part: its heads without any event, of which nothing else is known here. */
  get absent(): readonly AuditHead[] {
    return this.#options.part === undefined ? [] : [...this.#empty.values()].map(({ head }) => head);
  }

  /** Those that are checked with their archive only; known after the end. */
  get archived(): ArchivedEvents | undefined {
    return this.#archived;
  }

  /** All events of the heads up to this size were given, or are not there. */
  reached(size: number): void {
    this.#endCopy();
    for (let head = this.#heads[this.#current]; head !== undefined && head.size <= size; head = this.#heads[this.#current])
      this.#endHead();
  }

  /**
   * All lines of archives were given. What comes now of their heads is the copy outside of them, in a database that has these
   * events still, or again: it must be what was sealed too.
   */
  archivesRead(): void {
    if (this.#lines.length > 0) this.#endHead();
    this.#notCopied = this.#current;
    this.#beyond = new Set(this.#strays.map(({ id }) => id));
    this.#strays = [];
  }

  line(text: string): void {
    this.event(readLine(text));
  }

  event({ id, at, text }: EventLine): void {
    if (Number.isNaN(id)) {
      this.#find('unreadable', `A line is no event of the log: ${text.slice(0, 60)}`);
      return;
    }
    const owner = this.#owners.of(id);
    if (owner === undefined) {
      this.#strays.push({ id, at });
      if (this.#options.goesOn !== true || id < this.#owners.largest) this.#refuseStrays();
      return;
    }
    if (this.#strays.length > 0) this.#refuseStrays();
    const isCopy = owner < this.#notCopied;
    if (owner < (isCopy ? this.#nextCopy : this.#current)) {
      this.#find('reordered', `Event ${id} (${at}) stands after events of later heads.`, {
        ids: [id],
        head: this.#heads[owner]?.number,
      });
      return;
    }
    if (owner !== this.#copyOf) this.#endCopy();
    while (owner > this.#current) this.#endHead();
    if (isCopy) this.#copyOf = owner;
    this.#nextCopy = isCopy ? owner : this.#notCopied;
    this.#lines.push({ id, at, hash: leafHash(text) });
    const statement = readArchiveStatement(text);
    if (statement !== undefined) this.#said.push(statement);
  }

  /** How many events at the end are under none of the heads. */
  get beyond(): number {
    return this.#beyond.size + this.#strays.filter(({ id }) => !this.#beyond.has(id)).length;
  }

  #refuseStrays(): void {
    for (const { id, at } of this.#strays)
      this.#find(
        'inserted',
        `Event ${id} (${at}) is in no head, although older than some that are: it was put there afterwards.`,
        { ids: [id] },
      );
    this.#strays = [];
  }

  end(): void {
    this.#endCopy();
    while (this.#current < this.#heads.length) this.#endHead();
    if (this.#options.part !== undefined) this.#flushMissing();
    this.#settleEmpty();
    const [first] = this.#missing;
    const last = this.#missing.at(-1);
    if (first === undefined || last === undefined) return;
    const ids = this.#missing.flatMap(idsOf);
    this.#missing = [];
    this.#find(
      'truncated',
      `The end of the log is gone: ${counted(ids.length)} from ${ids[0]} on, of ${first === last ? `head ${first.head.number} (${first.head.at})` : `the heads ${first.head.number} (${first.head.at}) to ${last.head.number} (${last.head.at})`}.`,
      { ids, head: first.head.number },
    );
  }

  /** What is gone as whole heads was archived, when an event under a later head says so that a key of the log signed. */
  #settleEmpty(): void {
    const { keys = [], part } = this.#options;
    const proven = this.#statements
      .filter(({ statement, head }) => head > statement.to && isArchiveProven(statement, { keys, heads: this.#heads }))
      .map(({ statement }) => statement);
    const isArchived = ({ head: { number } }: Gone): boolean => proven.some(({ from, to }) => from <= number && number <= to);
    const empty = [...this.#empty.values()];
    // Of a part it is for its caller to say.
    const archived = part === undefined ? empty.filter(isArchived) : empty;
    for (const gone of empty.filter((each) => !archived.includes(each))) this.#findDeleted(gone);
    for (const { head, hashesHold } of archived)
      if (hashesHold === false)
        this.#find(
          'edited',
          `The hashes of the archived events of head ${head.number} (${head.at}) are not those that were sealed.`,
          {
            head: head.number,
          },
        );
    const [first] = archived;
    if (first === undefined) return;
    const events = archived.reduce((sum, { head }) => sum + countOf(head), 0);
    this.#archived = { events, from: first.head.number, to: archived.at(-1)?.head.number ?? first.head.number };
  }

  #endHead(): void {
    const head = this.#heads[this.#current];
    if (head === undefined) return;
    this.#current += 1;
    const lines = this.#lines;
    this.#lines = [];
    const said = this.#said;
    this.#said = [];
    const before = this.#heads[this.#current - 2] ?? this.#options.part?.before;
    const expected = countOf(head);
    if (lines.length === 0 && expected > 0) {
      this.#missWhole(head);
      return;
    }
    if (lines.length !== expected || !isInOrder(lines)) {
      this.#findMisplaced(lines, head);
      this.#tree = undefined; // after damage it can be known no more, and each head stands for its own events alone
      return;
    }
    this.#flushMissing();
    this.#events += lines.length;
    const hashes = lines.map(({ hash }) => hash);
    const tree = this.#tree?.fork();
    for (const hash of hashes) tree?.append(hash);
    const isWhole = tree?.root().toString('hex') === head.root;
    // The root of everything stands for these events too: that of theirs alone is asked for where that one does not hold.
    const isIntact = isWhole || rootOf(hashes).toString('hex') === head.batch;
    this.#tree = isIntact ? tree : undefined;
    if (!isIntact) this.findings.push(editedIn(lines, { head, leafAt: this.#options.leafAt }));
    else {
      this.#checkTimes(lines, { head, before });
      for (const statement of said) this.#statements.push({ statement, head: head.number });
    }
    if (isIntact && !isWhole && tree !== undefined)
      this.#find('broken_chain', `The events up to head ${head.number} (${head.at}) do not come to its root.`, {
        head: head.number,
      });
  }

  /** Another copy of a head that was read from an archive stands for itself: its events must come to what they came to alone. */
  #endCopy(): void {
    const index = this.#copyOf ?? -1;
    const head = this.#heads[index];
    if (head === undefined) return;
    this.#copyOf = undefined;
    this.#nextCopy = index + 1;
    const lines = this.#lines;
    this.#lines = [];
    const said = this.#said;
    this.#said = [];
    // The archives may begin after it: then this is the one copy of it.
    const isOnly = this.#empty.delete(head.number);
    if (isOnly) this.#events += lines.length;
    const { leafAt } = this.#options;
    const findings: AuditFinding[] = [];
    if (lines.length !== countOf(head) || !isInOrder(lines)) {
      const gone = goneFrom(lines, head);
      if (gone.length > 0) findings.push(deletedFrom(head, gone));
      findings.push(...misplacedIn(lines, { head, leafAt }));
    } else if (rootOf(lines.map(({ hash }) => hash)).toString('hex') !== head.batch)
      findings.push(editedIn(lines, { head, leafAt }));
    else {
      if (isOnly) this.#checkTimes(lines, { head, before: this.#heads[index - 1] });
      for (const statement of said) this.#statements.push({ statement, head: head.number });
    }
    for (const finding of findings)
      this.findings.push(isOnly ? finding : { ...finding, message: `Outside the archive: ${finding.message}` });
  }

  /** None of its events is here. When the log keeps their hashes still, the tree goes on over them. */
  #missWhole(head: AuditHead): void {
    const hashes = this.#keptHashes(head);
    const tree = hashes === undefined ? undefined : this.#tree?.fork();
    for (const hash of hashes ?? []) tree?.append(hash);
    const isWhole = tree?.root().toString('hex') === head.root;
    const hashesHold = hashes === undefined ? undefined : isWhole || rootOf(hashes).toString('hex') === head.batch;
    this.#missing.push({ head, ids: undefined, hashesHold });
    this.#tree = isWhole ? tree : undefined;
  }

  /** The hashes that the log keeps of the events of a head, when it has all of them. */
  #keptHashes(head: AuditHead): Hash[] | undefined {
    const { leafAt } = this.#options;
    if (leafAt === undefined) return undefined;
    const hashes: Hash[] = [];
    for (let index = head.size - countOf(head); index < head.size; index++) {
      const hash = leafAt(index);
      if (hash === undefined) return undefined;
      hashes.push(hash);
    }
    return hashes;
  }

  #checkTimes(lines: readonly Line[], { head, before }: { head: AuditHead; before: AuditHead | undefined }): void {
    if (before === undefined || head.restore !== undefined) return;
    // Heads say by which clock they were made: when it went back, what came afterwards is compared with its new time.
    const isBack = head.at < before.until;
    if (isBack) this.clockWentBack ??= { head, before };
    const limit = new Date(Date.parse(isBack ? head.at : before.until) - LATEST_COMMIT_MS).toISOString();
    const late = lines.filter(({ at }) => at < limit);
    const [first] = late;
    if (first !== undefined)
      this.#find(
        'inserted',
        `${named(late.map(({ id }) => id))} of ${first.at} came into the log by head ${head.number} (${head.at}) only, long after that time.`,
        { ids: late.map(({ id }) => id), head: head.number },
      );
  }

  #findMisplaced(lines: readonly Line[], head: AuditHead): void {
    const gone = goneFrom(lines, head);
    this.#flushMissing();
    if (gone.length > 0) this.#missing.push({ head, ids: gone });
    if (gone[0] !== undefined && lines.some(({ id }) => id > (gone[0] ?? 0))) this.#flushMissing();
    this.#events += new Set(lines.map(({ id }) => id)).size;
    this.findings.push(...misplacedIn(lines, { head, leafAt: this.#options.leafAt }));
  }

  #flushMissing(): void {
    for (const gone of this.#missing)
      if (gone.ids === undefined) this.#empty.set(gone.head.number, gone);
      else this.#findDeleted(gone);
    this.#missing = [];
  }

  #findDeleted(gone: Gone): void {
    this.findings.push(deletedFrom(gone.head, idsOf(gone)));
  }

  #find(kind: AuditFindingKind, message: string, about: { ids?: readonly number[]; head?: number | undefined } = {}): void {
    this.findings.push(findingOf(kind, message, about));
  }
}

/** In words, for whoever checks; empty when the clock of the database never went back. */
export const clockInWords = ({ clockWentBack }: LogVerifier): string[] =>
  clockWentBack === undefined
    ? []
    : [
        `The clock of the database went back: head ${clockWentBack.head.number} was made at ${clockWentBack.head.at}, after events of ${clockWentBack.before.until}.`,
      ];

/** In words, for whoever checks. */
export const archivedInWords = ({ archived }: LogVerifier): string[] =>
  archived === undefined
    ? []
    : [
        `${counted(archived.events)} under the heads ${archived.from} to ${archived.to} ${archived.events === 1 ? 'is' : 'are'} archived, and not checked here: pass --archive FOLDER.`,
      ];

const idsOf = ({ head, ids }: Gone): readonly number[] => ids ?? idsOfHead(head);
