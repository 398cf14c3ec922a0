import { EXIT, type ExitCode } from '@guichet/contract';
import type { Option } from 'commander';
import { BUILTINS, type Builtin, findBuiltin, GROUPS } from '../builtin/table.ts';
import type { CatalogueIndex } from '../catalogue/cache.ts';
import { Catalogue } from '../catalogue/catalogue.ts';
import { childrenOf, findAction } from '../catalogue/find.ts';
import { createCommand, withCommonFlags } from '../command.ts';
import { clean, isObeyed } from '../output/clean.ts';
import type { Shell } from '../shell.ts';
import { splitWords } from '../words.ts';
import { type Candidate, commonValues, optionsOf, paths, patience, profileNames } from './candidates.ts';

const MOST = 100;

/** Prints the candidates for the last of the words. Never fails: a completion that complains is worse than none. */
export async function printCompletions(shell: Shell, words: readonly string[]): Promise<ExitCode> {
  const typed = words.at(-1) ?? '';
  let candidates: readonly Candidate[] = [];
  try {
    candidates = await complete(shell, { before: words.slice(0, -1), typed });
  } catch {
    // A gateway that is away, a token that has expired: nothing to offer.
  }
  // What would move the cursor or end the line is nothing to put into it.
  const fitting = candidates.filter(({ value }) => value.startsWith(typed) && !isObeyed(value));
  for (const { value, description } of fitting.slice(0, MOST))
    shell.print(description === undefined ? value : `${value}\t${clean(description)}`);
  return EXIT.ok;
}

interface Line {
  /** The finished words. */
  readonly before: readonly string[];
  readonly typed: string;
}

async function complete(shell: Shell, line: Line): Promise<readonly Candidate[]> {
  const { words, rest } = splitWords(line.before);
  const last = line.before.at(-1) ?? '';
  const builtin = findBuiltin(words);
  if (builtin !== undefined) return completeBuiltin(builtin, { ...line, shell, words, last });
  const catalogue = new Catalogue(shell);
  const index = await remembered(catalogue);
  const found =
    rest.length > 0 || findAction(index.entries, words)?.used === words.length ? findAction(index.entries, words) : undefined;
  const children = childrenOf(index.entries, words);
  if (found !== undefined && (line.typed.startsWith('-') || rest.length > 0 || children.length === 0)) {
    const { completeAction } = await import('./complete-action.ts');
    return completeAction({ shell, catalogue, index, entry: found.entry, rest, typed: line.typed });
  }
  if (line.typed.startsWith('-')) return optionsOf(withCommonFlags(createCommand(shell.context, 'guichet')).options);
  if (rest.length > 0 && takesValue(last)) return commonValues(shell, last);
  const own = ownWords(words);
  const offered = children.filter(({ word }) => !own.some(({ value }) => value === word));
  return [...own, ...offered.map(({ word, entry, below }) => ({ value: word, description: entry?.title ?? `${below} actions` }))];
}

async function remembered(catalogue: Catalogue): Promise<CatalogueIndex> {
  return catalogue.index({ offline: true }).catch(() => ({ format: 1 as const, environments: [], entries: [] }));
}

/** The CLI's own words that can follow. */
function ownWords(words: readonly string[]): Candidate[] {
  const seen = new Map<string, Candidate>();
  for (const builtin of BUILTINS) {
    const value = builtin.words[words.length];
    if (value === undefined || !words.every((word, index) => builtin.words[index] === word) || seen.has(value)) continue;
    seen.set(value, { value, description: words.length === 0 ? (GROUPS[value] ?? builtin.summary) : builtin.summary });
  }
  return [...seen.values()];
}

interface BuiltinLine extends Line {
  readonly shell: Shell;
  readonly words: readonly string[];
  readonly last: string;
}

async function completeBuiltin(builtin: Builtin, { shell, words, typed, last }: BuiltinLine): Promise<readonly Candidate[]> {
  const command = createCommand(shell.context, 'guichet');
  (await builtin.load()).define(command);
  withCommonFlags(command);
  const option = command.options.find(({ short, long }) => last !== '' && (short === last || long === last));
  if (option?.required === true) return valuesOfOption(shell, option, typed);
  if (typed.startsWith('-')) return optionsOf(command.options);
  return words.length > builtin.words.length ? [] : argumentValues(shell, builtin.argument, typed);
}

/** The words that it takes and no others, where there are such. */
function wordsOf({ argChoices, parseArg }: Option): readonly string[] | undefined {
  if (argChoices !== undefined) return argChoices;
  return parseArg !== undefined && 'words' in parseArg && Array.isArray(parseArg.words) ? parseArg.words.map(String) : undefined;
}

async function valuesOfOption(shell: Shell, option: Option, typed: string): Promise<readonly Candidate[]> {
  const { long } = option;
  const words = wordsOf(option);
  if (words !== undefined) return words.map((value) => ({ value }));
  switch (long) {
    case '--env':
    case '--environment':
      return (await remembered(new Catalogue(shell))).environments.map((value) => ({ value }));
    case '--action':
      return (await remembered(new Catalogue(shell))).entries.map(({ id, title }) => ({ value: id, description: title }));
    case '--provider':
      return childrenOf((await remembered(new Catalogue(shell))).entries, []).map(({ word }) => ({ value: word }));
    case '--team':
    case '--owner':
      return teamNames(shell);
    case '--as':
    case '--actor':
    case '--requester':
      return personNames(shell);
    case '--machine':
      return machineNames(shell);
    case '--request':
      return requestIds(shell);
    case '--policies':
      return paths(typed, []);
    case '--heads':
    case '--export':
    case '--check':
      return paths(typed, ['']);
    default:
      return commonValues(shell, long ?? '');
  }
}

function takesValue(flag: string): boolean {
  return flag === '-o' || flag === '--output' || flag === '--profile';
}

async function argumentValues(shell: Shell, kind: Builtin['argument'], typed: string): Promise<readonly Candidate[]> {
  switch (kind) {
    case 'request':
      return requestIds(shell);
    case 'to-approve':
      return requestIds(shell, { toApprove: 'true' });
    case 'to-review':
      return requestIds(shell, { toReview: 'true' });
    case 'waiting':
      return requestIds(shell, { state: 'awaiting_approval' });
    case 'undoable':
      return requestIds(shell, { undo: 'possible' });
    case 'extendable':
      return requestIds(shell, { undo: 'scheduled' });
    case 'unknown':
      return requestIds(shell, { state: 'unknown' });
    case 'action':
      return (await remembered(new Catalogue(shell))).entries.map(({ id, title }) => ({ value: id, description: title }));
    case 'profile':
      return profileNames(shell);
    case 'folder':
      return paths(typed, []);
    case 'cases':
      return paths(typed, ['.yaml', '.yml']);
    case 'shell':
      return [{ value: 'bash' }, { value: 'zsh' }, { value: 'fish' }];
    case 'token': {
      const client = await shell.client();
      const { items } = await client.call('tokens.list', { query: { limit: 50 }, signal: patience(shell) });
      return items.filter(({ revokedAt }) => revokedAt === null).map(({ id, name }) => ({ value: id, description: name }));
    }
    case 'session': {
      const client = await shell.client();
      const { items } = await client.call('sessions.list', { signal: patience(shell) });
      return items.map(({ id, client: name, address }) => ({ value: id, description: `${name} (${address})` }));
    }
    case 'schedule': {
      const { items } = await (await shell.client()).call('schedules.list', { signal: patience(shell) });
      return items.map(({ name, cron, action }) => ({ value: name, description: `${cron} ${action}` }));
    }
    case 'person':
      return personNames(shell);
    case 'team':
      return teamNames(shell);
    case 'service': {
      const { items } = await (await shell.client()).call('services.list', { signal: patience(shell) });
      return items.map(({ name, team }) => ({ value: name, description: team }));
    }
    case 'environment': {
      const { items } = await (await shell.client()).call('environments.list', { signal: patience(shell) });
      return items.map(({ name, title }) => ({ value: name, ...(title !== null && { description: title }) }));
    }
    case 'provider': {
      const { items } = await (await shell.client()).call('providers.list', { signal: patience(shell) });
      return items.map(({ name, title }) => ({ value: name, ...(title !== null && { description: title }) }));
    }
    default:
      return [];
  }
}

async function personNames(shell: Shell): Promise<readonly Candidate[]> {
  const { items } = await (await shell.client()).call('people.list', { signal: patience(shell) });
  return items.map(({ name, fullName }) => ({ value: name, description: fullName }));
}

async function machineNames(shell: Shell): Promise<readonly Candidate[]> {
  const { items } = await (await shell.client()).call('teams.list', { signal: patience(shell) });
  return items.flatMap(({ name: team, machines }) => machines.map((value) => ({ value, description: `of team '${team}'` })));
}

async function teamNames(shell: Shell): Promise<readonly Candidate[]> {
  const { items } = await (await shell.client()).call('teams.list', { signal: patience(shell) });
  return items.map(({ name, title }) => ({ value: name, ...(title !== null && { description: title }) }));
}

async function requestIds(
  shell: Shell,
  filter: {
    toApprove?: 'true';
    toReview?: 'true';
    undo?: 'possible' | 'scheduled';
    state?: 'awaiting_approval' | 'unknown';
  } = {},
): Promise<readonly Candidate[]> {
  const client = await shell.client();
  const { items } = await client.call('requests.list', { query: { limit: 30, ...filter }, signal: patience(shell) });
  return items.map(({ id, summary, state }) => ({ value: id, description: `${state.replaceAll('_', ' ')}: ${summary}` }));
}
