import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action, ActionKind, Risk } from '@guichet/contract';

/** What help and completion need of an action. */
export interface IndexEntry {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly kind: ActionKind;
  readonly risk: Risk;
  readonly available: boolean;
  readonly unavailableReason?: string | undefined;
}

/** The catalogue in brief; each action lies whole in a file of its own, so that only the one that is used is read. */
export interface CatalogueIndex {
  readonly format: 1;
  readonly etag?: string | undefined;
  readonly environments: readonly string[];
  readonly entries: readonly IndexEntry[];
}

/** As the contract has it; checked again here because ids become file names. */
const ACTION_ID = /^[a-z][a-z0-9.-]{0,150}$/;

export function readIndex(folder: string): { index: CatalogueIndex; checkedAt: Date } | undefined {
  const path = join(folder, 'index.json');
  try {
    const index: CatalogueIndex = JSON.parse(readFileSync(path, 'utf8'));
    return index.format === 1 ? { index, checkedAt: statSync(path).mtime } : undefined;
  } catch {
    return undefined; // missing or damaged: fetched again
  }
}

/** The action as it was when the index was written; undefined when the two do not belong together. */
export function readAction(folder: string, entry: IndexEntry): Action | undefined {
  try {
    const action: Action = JSON.parse(readFileSync(actionPath(folder, entry.id), 'utf8'));
    return action.id === entry.id && action.version === entry.version ? { ...action, ...availability(entry) } : undefined;
  } catch {
    return undefined;
  }
}

export interface FetchedCatalogue {
  readonly etag: string | undefined;
  readonly items: readonly Action[];
  readonly environments: readonly string[];
}

/** Replaces what is remembered. The index comes last: whoever reads meanwhile sees the old one, or the new one whole. */
export function writeCatalogue(folder: string, { etag, items, environments }: FetchedCatalogue): CatalogueIndex {
  const actions = items.filter(({ id }) => ACTION_ID.test(id));
  const index: CatalogueIndex = { format: 1, etag, environments, entries: actions.map(toEntry) };
  mkdirSync(join(folder, 'actions'), { recursive: true, mode: 0o700 });
  for (const action of actions) writeWhole(actionPath(folder, action.id), action);
  writeWhole(join(folder, 'index.json'), index);
  const known = new Set(actions.map(({ id }) => `${id}.json`));
  for (const name of readdirSync(join(folder, 'actions')))
    if (name.endsWith('.json') && !known.has(name)) rmSync(join(folder, 'actions', name), { force: true });
  return index;
}

/** Notes that the index was found to be true at this time. */
export function markChecked(folder: string, at: Date): void {
  utimesSync(join(folder, 'index.json'), at, at);
}

function toEntry({ id, version, title, kind, risk, available, unavailableReason }: Action): IndexEntry {
  return { id, version, title, kind, risk, available, unavailableReason };
}

function availability({ available, unavailableReason }: IndexEntry): Pick<Action, 'available' | 'unavailableReason'> {
  return { available, ...(unavailableReason !== undefined && { unavailableReason }) };
}

function actionPath(folder: string, id: string): string {
  return join(folder, 'actions', `${id}.json`);
}

function writeWhole(path: string, value: unknown): void {
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, JSON.stringify(value), { mode: 0o600 });
  renameSync(draft, path);
}
