import { formatDuration } from '@guichet/contract';
import { type InstanceSource, type Listing, SourceError } from './source.ts';

/** A source may take so long to answer before it counts as failing. In ms. */
const ANSWER_MS = 30_000;

interface Failure {
  readonly message: string;
  readonly remedy: string | undefined;
}

/** The last answer of a source, kept while the source fails. */
export class KeptListing {
  readonly source: InstanceSource;
  #listing: Listing = { instances: [], notes: [] };
  /** When the last answer came; undefined before the first. */
  #answeredAt: number | undefined;
  /** When it was last asked, whatever came of it. */
  #askedAt: number | undefined;
  #failure: Failure | undefined;
  #asking: Promise<void> | undefined;
  readonly #closed = new AbortController();

  constructor(source: InstanceSource) {
    this.source = source;
  }

  get listing(): Listing {
    return this.#listing;
  }

  /** True once it has answered or failed. */
  get asked(): boolean {
    return this.#askedAt !== undefined;
  }

  get failing(): boolean {
    return this.#failure !== undefined;
  }

  /** Asks the source, unless that was done less than `ageMs` ago. Two who ask at once share one answer. Never rejects. */
  async refresh(ageMs: number): Promise<void> {
    if (this.#closed.signal.aborted) return;
    if (this.#askedAt !== undefined && performance.now() - this.#askedAt < ageMs) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  /** Asks the source even while somebody else's question is under way: that answer may be of before. Never rejects. */
  async renew(): Promise<void> {
    await this.#asking;
    await this.refresh(0);
  }

  async #ask(): Promise<void> {
    try {
      this.#listing = await this.source.list(AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_MS)]));
      this.#answeredAt = performance.now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure =
        error instanceof SourceError
          ? { message: error.message, remedy: error.remedy }
          : { message: 'It did not answer as it should.', remedy: undefined };
    }
    this.#askedAt = performance.now();
  }

  /** What people should know of it. */
  notes(): string[] {
    const { label } = this.source;
    if (!this.asked) return [`${label} has not answered yet; look again in a moment.`];
    const notes = this.#listing.notes.map((note) => `${label}: ${note}`);
    if (this.#failure === undefined) return notes;
    const { message, remedy } = this.#failure;
    const kept =
      this.#answeredAt === undefined
        ? 'nothing of it is known'
        : `what it said ${formatDuration((performance.now() - this.#answeredAt) / 1000)} ago still counts`;
    return [`${label} cannot be read, ${kept}: ${message}${remedy === undefined ? '' : ` ${remedy}`}`, ...notes];
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#asking;
    await this.source.close?.();
  }
}
