import { actionCommand, inputFromFlags } from '../action/action-flags.ts';
import type { CatalogueIndex, IndexEntry } from '../catalogue/cache.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Shell } from '../shell.ts';
import { type Candidate, commonValues, optionsOf, patience } from './candidates.ts';

export interface ActionToComplete {
  readonly shell: Shell;
  readonly catalogue: Catalogue;
  readonly index: CatalogueIndex;
  readonly entry: IndexEntry;
  /** The finished flags. */
  readonly rest: readonly string[];
  readonly typed: string;
}

/** Flags of an action, and the values of the flag that was just typed: its choices, or live ones from the provider. */
export async function completeAction({
  shell,
  catalogue,
  index,
  entry,
  rest,
  typed,
}: ActionToComplete): Promise<readonly Candidate[]> {
  const action = await catalogue.action(entry);
  const built = actionCommand(shell.context, action, index.environments);
  const environments = action.environments ?? index.environments;
  const last = rest.at(-1) ?? '';
  const option = built.command.options.find(({ short, long }) => last !== '' && (short === last || long === last));
  if (option === undefined || !option.required)
    return optionsOf(built.command.options).filter(({ value }) => !rest.includes(value) || value === typed);
  if (option.long === '--env') return environments.map((value) => ({ value }));
  const field = built.fields.find(({ flag }) => `--${flag}` === option.long);
  if (field === undefined) return commonValues(shell, option.long ?? '');
  const choices = field.kind === 'list' ? (field.item?.choices ?? []) : field.choices;
  if (choices.length > 0) return choices.map((value) => ({ value: String(value) }));
  if (!action.options.includes(field.name)) return [];
  // What was typed before may be half a command: what can be parsed of it narrows the choices.
  built.command.allowUnknownOption().allowExcessArguments();
  built.command.parse(rest.slice(0, -1), { from: 'user' });
  const environment = built.command.getOptionValue('env') ?? (environments.length === 1 ? environments[0] : undefined);
  if (typeof environment !== 'string') return [];
  const client = await shell.client();
  const answer = await client.call('actions.options', {
    params: { action: action.id },
    body: { environment, input: inputFromFlags(built), field: field.name, query: typed },
    signal: patience(shell),
  });
  return answer.choices.map(({ value, label, detail }) => ({ value: String(value), description: detail ?? label }));
}
