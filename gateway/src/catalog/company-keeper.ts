import { GuichetError } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Database } from '../db/index.ts';
import { FileWatcher } from '../reload/watch-files.ts';
import type { Company } from './company/company.ts';
import type { CompanyFinding } from './company/entries.ts';
import { findingInWords, type ReadCompany, readCompany, readTexts } from './company/load.ts';
import type { Directory } from './directory.ts';

const SYSTEM = { id: 'system', name: 'Guichet' };

export interface CompanyKeeperOptions {
  readonly db: Database;
  readonly directory: Directory;
  readonly paths: readonly string[];
  readonly digest: string;
  /** Those of the configuration: the files speak of no others. Undefined: they may. */
  readonly environments?: readonly string[];
  /** What is to be done about a company before it counts; one for which it fails is tried again. */
  readonly settle?: (company: Company) => Promise<void>;
  /** Told when another company counts, and when files begin or cease to be wrong. */
  readonly onChange?: () => void;
  readonly onNews: (message: string) => void;
  /** Told of files that are wrong: news that somebody must do something about. */
  readonly onRefused: (message: string) => void;
  readonly onError: (error: unknown) => void;
  readonly intervalMs?: number;
}

/** Keeps the directory that of the files. Files that are not valid change nothing: the last good company stays, and everybody can see why. */
export class CompanyKeeper {
  readonly #options: CompanyKeeperOptions;
  readonly #watcher: FileWatcher;
  #digest: string;
  #since = new Date();
  #problem: { readonly at: string; readonly findings: readonly CompanyFinding[] } | null = null;

  constructor(options: CompanyKeeperOptions) {
    this.#options = options;
    this.#digest = options.digest;
    const { paths, onError, intervalMs } = options;
    const onChange = (): Promise<void> => this.reload();
    this.#watcher = new FileWatcher({ paths, onChange, onError, ...(intervalMs !== undefined && { intervalMs }) });
  }

  start(): Promise<void> {
    return this.#watcher.start();
  }

  stop(): Promise<void> {
    return this.#watcher.stop();
  }

  /** Takes the files as they are now, if they are valid. */
  async reload(): Promise<void> {
    const { db, directory, onNews, onRefused } = this.#options;
    const read = await this.#read();
    if (read.company === undefined) {
      const { findings } = read;
      this.#problem = { at: new Date().toISOString(), findings };
      onRefused(`company files refused, the old ones stay: ${findings.map(findingInWords).join(' ')}`);
      await appendAudit(db, { type: 'company.refused', actor: SYSTEM, outcome: 'failed', data: { findings } });
      this.#options.onChange?.();
      return;
    }
    const { company, digest } = read;
    if (digest === this.#digest) {
      if (this.#problem !== null) onNews('company files are again as they were when they were loaded');
      this.#problem = null;
      this.#options.onChange?.();
      return;
    }
    const counts = { people: company.people.length, teams: company.teams.size, services: company.services.length };
    await this.#options.settle?.(company);
    // Recorded before it counts: nobody decides by a company that the log does not know.
    await appendAudit(db, {
      type: 'company.loaded',
      actor: SYSTEM,
      outcome: 'ok',
      data: { digest, before: this.#digest, ...counts, machines: company.machines.length },
    });
    directory.replace(company);
    this.#problem = null;
    this.#digest = digest;
    this.#since = new Date();
    this.#options.onChange?.();
    onNews(`company loaded: ${counts.people} people, ${counts.teams} teams, ${counts.services} services`);
  }

  state(): { digest: string; since: string; problem: { at: string; findings: readonly CompanyFinding[] } | null } {
    return { digest: this.#digest, since: this.#since.toISOString(), problem: this.#problem };
  }

  async #read(): Promise<ReadCompany> {
    try {
      const { paths, environments } = this.#options;
      return readCompany(await readTexts(paths), { environments });
    } catch (error) {
      if (!(error instanceof GuichetError)) throw error;
      const { message, remedy } = error;
      const path = this.#options.paths[0] ?? '';
      return { findings: [{ path, line: 1, column: 1, field: '/', message, ...(remedy !== undefined && { remedy }) }] };
    }
  }
}
