import { type Action, type ExitCode, GuichetError } from '@guichet/contract';
import type { CatalogueIndex, IndexEntry } from '../catalogue/cache.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { commandOf } from '../catalogue/find.ts';
import { parseFlags } from '../command.ts';
import { commonFlagsOf } from '../common-flags.ts';
import { clean } from '../output/clean.ts';
import { Shell } from '../shell.ts';
import { actionCommand } from './action-flags.ts';
import { completeInput } from './complete-input.ts';
import type { ReadyCall } from './ready-call.ts';

export interface ActionLine {
  readonly shell: Shell;
  readonly catalogue: Catalogue;
  readonly entry: IndexEntry;
  readonly index: CatalogueIndex;
  readonly argv: readonly string[];
}

/** Answers that a call with an outdated idea of the action gets. */
const SIGNS_OF_AGE: ReadonlySet<string> = new Set([
  'action.unknown',
  'input.invalid',
  'environment.not_offered',
  'environment.unknown',
  'action.not_readable',
  'action.not_writable',
]);

/** Runs an action of the catalogue. What fails because the catalogue was an old one is tried again with the new one. */
export async function runAction(line: ActionLine): Promise<ExitCode> {
  const action = await line.catalogue.action(line.entry);
  let ready: ReadyCall;
  try {
    ready = await prepare(line, action);
  } catch (error) {
    const renewed = await renewedLine(line, error);
    if (renewed === undefined) throw error;
    return runAction(renewed);
  }
  try {
    if (action.kind === 'read') return await (await import('./run-read.ts')).runRead(ready);
    return await (await import('./run-write.ts')).runWrite(ready);
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    throw withFlags(await withAge(error, line), ready);
  }
}

async function prepare({ shell, entry, index, argv }: ActionLine, action: Action): Promise<ReadyCall> {
  const command = actionCommand(shell.context, action, index.environments);
  parseFlags(command.command, argv);
  const flags = command.command.opts();
  const own = new Shell(shell.context, commonFlagsOf(flags));
  if (!entry.available)
    throw new GuichetError(
      'action.unavailable',
      `${commandOf(action.id)} is not available: ${clean(entry.unavailableReason ?? 'its provider cannot be reached')}.`,
      {
        remedy: `Team '${action.team}' runs the provider '${action.provider}'. Try again in a moment.`,
      },
    );
  return {
    shell: own,
    action,
    command,
    flags,
    ...(await completeInput({ shell: own, action, command, flags, environments: action.environments ?? index.environments })),
  };
}

/** The same line with a newer idea of the action, when there is one and nothing was sent yet. */
async function renewedLine(line: ActionLine, error: unknown): Promise<ActionLine | undefined> {
  const mayBeOld = error instanceof GuichetError && (error.code === 'usage.invalid' || error.code === 'action.unavailable');
  if (!mayBeOld || line.catalogue.isFresh) return undefined;
  const index = await line.catalogue.refresh().catch(() => undefined);
  const entry = index?.entries.find(({ id }) => id === line.entry.id);
  if (index === undefined || entry === undefined) return undefined;
  const changed =
    entry.version !== line.entry.version ||
    entry.available !== line.entry.available ||
    index.environments.join() !== line.index.environments.join();
  return changed ? { ...line, index, entry } : undefined;
}

/** The error; when the catalogue has changed under the call, with that said. */
async function withAge(error: GuichetError, { catalogue, entry }: ActionLine): Promise<GuichetError> {
  if (!SIGNS_OF_AGE.has(error.code) || catalogue.isFresh) return error;
  const index = await catalogue.refresh().catch(() => undefined);
  const now = index?.entries.find(({ id }) => id === entry.id);
  if (index === undefined || now?.version === entry.version) return error;
  const remedy =
    now === undefined
      ? `The catalogue had changed: ${entry.id} is gone. See guichet --help.`
      : 'The catalogue had changed; it is refreshed. Run it again.';
  return new GuichetError(error.code, error.message, { remedy, errors: error.errors, details: error.details, cause: error });
}

/** Names flags where the gateway names fields: `/input/pid` is `--pid` to whoever typed it. */
function withFlags(error: GuichetError, { command }: ReadyCall): GuichetError {
  if (error.errors === undefined) return error;
  const spoken = (pointer: string): string => {
    const [, part, name = '', ...deeper] = pointer.split('/');
    if (part === 'reason') return '--reason';
    if (part === 'environment') return '--env';
    if (part === 'lastsSeconds') return '--for';
    if (part === 'startAt') return '--at';
    const field = part === 'input' ? command.fields.find((candidate) => candidate.name === name) : undefined;
    return field === undefined ? pointer : [`--${field.flag}`, ...deeper].join('/');
  };
  const errors = error.errors.map((entry) => ({ ...entry, field: spoken(entry.field) }));
  const first = error.errors[0];
  const message =
    first !== undefined && error.message.startsWith(first.field)
      ? spoken(first.field) + error.message.slice(first.field.length)
      : error.message;
  // A remedy that is what the author of the field says of it begins with its name.
  const name = `${first?.field.split('/').at(-1)}: `;
  const remedy =
    first !== undefined && error.remedy?.startsWith(name)
      ? `${spoken(first.field)}: ${error.remedy.slice(name.length)}`
      : error.remedy;
  return new GuichetError(error.code, message, { remedy, errors, details: error.details, cause: error });
}
