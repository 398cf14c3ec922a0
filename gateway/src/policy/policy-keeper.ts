import { GuichetError, type PolicyFinding, type PolicyInForce } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import type { Database } from '../db/index.ts';
import { FileWatcher } from '../reload/watch-files.ts';
import type { Policy } from './policy.ts';
import { badPolicies, readPolicyFiles } from './policy-files.ts';
import { PolicySet } from './policy-set.ts';
import type { Vocabulary } from './vocabulary.ts';

const SYSTEM = { id: 'system', name: 'Guichet' };

/** Reads the policies of a folder; throws `config.invalid` when they are not valid. Warnings are given back. */
export function loadPolicies(
  folder: string,
  vocabulary: Vocabulary,
): { readonly set: PolicySet; readonly warnings: readonly PolicyFinding[] } {
  const { set, findings } = PolicySet.parse(readPolicyFiles(folder), vocabulary);
  if (set === undefined) throw badPolicies(folder, findings);
  return { set, warnings: findings };
}

export interface PolicyKeeperOptions {
  readonly db: Database;
  readonly folder: string;
  readonly policy: Policy;
  readonly vocabulary: () => Vocabulary;
  /** Told when other rules are in force, and when files begin or cease to be wrong. */
  readonly onChange?: () => void;
  readonly onNews: (message: string) => void;
  /** Told of files that are wrong: news that somebody must do something about. */
  readonly onRefused: (message: string) => void;
  readonly onError: (error: unknown) => void;
  readonly intervalMs?: number;
}

/** Keeps the rules in force those of the folder. A set that is not valid changes nothing: the old one stays, and everybody can see why. */
export class PolicyKeeper {
  readonly #options: PolicyKeeperOptions;
  readonly #watcher: FileWatcher;
  #since = new Date();
  #problem: PolicyInForce['problem'] = null;

  constructor(options: PolicyKeeperOptions) {
    this.#options = options;
    const { folder, onError, intervalMs } = options;
    this.#watcher = new FileWatcher({
      paths: [folder],
      onChange: () => this.reload(),
      onError,
      ...(intervalMs !== undefined && { intervalMs }),
    });
  }

  async start(): Promise<void> {
    await this.#watcher.start();
  }

  stop(): Promise<void> {
    return this.#watcher.stop();
  }

  /** Takes the files as they are now, if they are valid. */
  async reload(): Promise<void> {
    const { db, folder, policy, vocabulary, onNews, onRefused } = this.#options;
    const { set, findings } = this.#read(folder, vocabulary());
    if (set === undefined) {
      this.#problem = { at: new Date().toISOString(), findings: [...findings] };
      onRefused(
        `policies refused, the old ones stay: ${findings.map(({ path, line, message }) => `${path}:${line} ${message}`).join('; ')}`,
      );
      await appendAudit(db, { type: 'policy.refused', actor: SYSTEM, outcome: 'failed', data: { findings } });
      this.#options.onChange?.();
      return;
    }
    if (set.digest === policy.set.digest) {
      this.#problem = null;
      this.#options.onChange?.();
      return;
    }
    const before = policy.set.digest;
    // Recorded before it counts: no decision is made by rules that the log does not know.
    await appendAudit(db, {
      type: 'policy.loaded',
      actor: SYSTEM,
      outcome: 'ok',
      data: { digest: set.digest, before, rules: set.rules.length },
    });
    policy.replace(set);
    this.#options.onChange?.();
    this.#problem = null;
    this.#since = new Date();
    onNews(`policies loaded: ${set.rules.length} rules, ${set.digest}`);
  }

  state(): PolicyInForce {
    const { set } = this.#options.policy;
    return { digest: set.digest, since: this.#since.toISOString(), rules: [...set.rules], problem: this.#problem };
  }

  #read(folder: string, vocabulary: Vocabulary): ReturnType<typeof PolicySet.parse> {
    try {
      return PolicySet.parse(readPolicyFiles(folder), vocabulary);
    } catch (error) {
      if (!(error instanceof GuichetError)) throw error;
      const { message, remedy } = error;
      return {
        findings: [{ path: folder, line: 1, column: 1, severity: 'error', message, ...(remedy !== undefined && { remedy }) }],
      };
    }
  }
}
