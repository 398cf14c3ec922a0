import type { InstanceSettings } from '../config.ts';

/** What a source knows at one moment. */
export interface Listing {
  readonly instances: readonly InstanceSettings[];
  /** Sentences for people: what was left out, and why. No secrets. */
  readonly notes: readonly string[];
}

/**
 * Where instances are found besides the configuration. The estate asks it every `refreshSeconds`, when a name is not known,
 * and when it is told to (`Estate.refresh`); while it fails, its last answer is kept, and people are told.
 */
export interface InstanceSource {
  /** What people call it, and what `InstanceSettings.source` of its instances says: `rds eu-west-1`, `catalogue instances.yaml`. */
  readonly label: string;
  readonly refreshSeconds: number;
  /** Rejects with a SourceError for what people should read; the text of any other error is not shown. */
  list(signal: AbortSignal): Promise<Listing>;
  close?(): Promise<void>;
}

/** Why a source could not be read, in words that may leave the process, with what to do. */
export class SourceError extends Error {
  readonly remedy: string;

  constructor(message: string, options: { readonly remedy: string; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'SourceError';
    this.remedy = options.remedy;
  }
}
