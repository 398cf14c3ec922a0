import { type Action, formatDuration, GuichetError } from '@guichet/contract';
import { type Field, fieldsOf, flagText as flagTextOf } from '@guichet/contract/command-line';
import { type Command, Option } from 'commander';
import { addExamples } from '../builtin/leaf.ts';
import { commandOf } from '../catalogue/find.ts';
import { createCommand, withCommonFlags } from '../command.ts';
import { addConnectFlags } from '../connect/connect-flags.ts';
import type { Context } from '../context.ts';
import { durationFlag } from '../duration.ts';
import { clean, cleanLines } from '../output/clean.ts';
import { attribute } from './attribute.ts';
import { parseValue } from './parse-value.ts';
import { quote } from './quote.ts';
import { secretOption } from './secret-flag.ts';

export interface ActionCommand {
  readonly command: Command;
  readonly fields: readonly Field[];
}

/** The command of one action, built from what the catalogue says of it. */
export function actionCommand(context: Context, action: Action, environments: readonly string[]): ActionCommand {
  const fields = fieldsOf(action.input);
  const command = createCommand(context, commandOf(action.id)).description(describe(action));
  command.optionsGroup('Input:');
  for (const field of fields) for (const option of fieldOptions(field, action)) command.addOption(option);
  addHowFlags(command, action, environments);
  withCommonFlags(command);
  addExamples(command, examplesOf(action, fields, environments));
  return { command, fields };
}

/** The input that the flags set, without what was not typed, and without secrets: those are still where they are. */
export function inputFromFlags({ command, fields }: ActionCommand): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const { name, flag, secret } of fields) {
    const value: unknown = command.getOptionValue(attribute(flag));
    if (value !== undefined && !secret) input[name] = value;
  }
  return input;
}

function describe(action: Action): string {
  const lines = [cleanLines(action.title) + (action.title.endsWith('.') ? '' : '.')];
  if (action.description !== '') lines.push('', cleanLines(action.description));
  const facts = [
    action.kind === 'read' ? 'Reads only.' : `Changes things (${action.risk}).`,
    `Offered by ${action.provider}, of team '${action.team}'.`,
  ];
  if (action.approval !== undefined)
    facts.push(
      `Takes ${action.approval.count === 1 ? 'an approval' : `${action.approval.count} approvals`} from team '${action.approval.team}', at least.`,
    );
  lines.push('', facts.join(' '));
  if (!action.available)
    lines.push('', `Not available now: ${clean(action.unavailableReason ?? 'its provider cannot be reached')}.`);
  return lines.join('\n');
}

function fieldOptions(field: Field, action: Action): Option[] {
  const { flag, kind } = field;
  const description = describeField(field, action);
  if (field.secret) return [secretOption(field, description)];
  if (kind === 'boolean')
    return [new Option(`--${flag}`, description), new Option(`--no-${flag}`, `Not: ${flag}`).hideHelp(field.fallback !== true)];
  const option = new Option(`--${flag} <${placeholder(field)}>`, description).argParser((text: string, before: unknown) => {
    const parsed = parseValue(text, field);
    if (!parsed.ok) throw new GuichetError('usage.invalid', `--${flag} ${parsed.message}.`, { remedy: parsed.remedy });
    return kind === 'list' ? [...(Array.isArray(before) ? before : []), parsed.value] : parsed.value;
  });
  return [option];
}

function placeholder({ kind, item }: Field): string {
  const shown = kind === 'list' ? (item?.kind ?? 'text') : kind;
  return shown === 'choice' ? 'value' : shown;
}

function describeField(field: Field, action: Action): string {
  const notes: string[] = [];
  if (field.required) notes.push('required');
  if (field.secret) notes.push('a secret: leave it out to be asked, or give @FILE, or - for stdin');
  if (field.kind === 'list') notes.push('repeat for more');
  const choices = field.kind === 'list' ? (field.item?.choices ?? []) : field.choices;
  if (choices.length > 0) notes.push(`one of ${choices.join(', ')}`);
  if (field.fallback !== undefined && !field.secret)
    notes.push(`default ${typeof field.fallback === 'string' ? field.fallback : JSON.stringify(field.fallback)}`);
  if (action.options.includes(field.name)) notes.push('live choices');
  if (field.flag !== field.name && field.flag.startsWith('input-')) notes.push(`the field '${field.name}'`);
  return clean(`${field.description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`.trim());
}

function addHowFlags(command: Command, action: Action, environments: readonly string[]): void {
  const offered = action.environments ?? environments;
  command.optionsGroup(action.kind === 'read' ? 'Where and how:' : 'Where, why and how:');
  command.option(
    '-e, --env <environment>',
    `Where (${offered.length === 1 ? 'default' : 'required; one of'} ${offered.join(', ')})`,
  );
  command.option('-i, --input <file>', 'Take the input from a JSON file, - for stdin; flags come before what it says');
  if (action.kind === 'read') {
    command.option(
      '--watch [seconds]',
      'Read again and again and draw in place, every 2 seconds if not said otherwise (1 to 60)',
    );
    command.option('--output-file <path>', 'Where to save a file that it gives');
    // Taken so that one set of flags fits every action of a script; a read needs no reason.
    command.addOption(new Option('-r, --reason <text>').hideHelp());
    command.addOption(new Option('-y, --yes').hideHelp());
    return;
  }
  command.option('-r, --reason <text>', 'Why; whoever approves reads it (also --approval-description, --comment)');
  for (const alias of ['approval-description', 'comment']) command.addOption(new Option(`--${alias} <text>`).hideHelp());
  command.option('--plan', 'Show what it would do and who would have to approve it; change nothing');
  command.option('-y, --yes', 'Do not ask before it runs');
  command.option('--no-wait', 'File the request, print its id and leave');
  command.addOption(new Option('--wait', 'Wait for its end (the default)').hideHelp());
  command.addOption(
    new Option('--timeout <duration>', 'Wait no longer than this, such as 10m; the request goes on').argParser(
      durationFlag('--timeout'),
    ),
  );
  const forAWhile = new Option('--for <duration>', forText(action));
  if (action.undo !== undefined) command.addOption(forAWhile.argParser(durationFlag('--for')));
  else command.addOption(forAWhile.hideHelp().argParser(() => refuseForAWhile(action)));
  command.option('--at <time>', 'Not before this time: 2026-12-01T06:00, or 2h for two hours from now');
  command.option('--timezone <zone>', 'The zone that --at is meant in (default: that of this machine)');
  command.option('--break-glass', 'In an emergency: run it without its approvals; its approvers are told and review it');
  command.option('--incident <id>', 'The incident that the glass is broken for');
  if (action.tunnel === true) addConnectFlags(command);
  command.option('--idempotency-key <key>', 'Name this submission, so that repeating the command files it once');
  command.option('--output-file <path>', 'Where to save a file that it gives');
}

function forText({ lasts }: Action): string {
  if (lasts === undefined) return 'For a while: so long after it has succeeded it is undone by itself';
  const span = formatDuration(lasts.default);
  return `How long it lasts: ${span} unless said otherwise here, ${formatDuration(lasts.most)} at most (extend it any time)`;
}

function refuseForAWhile({ id }: Action): never {
  throw new GuichetError('usage.invalid', `${id} cannot be asked for a while: it names nothing that undoes it.`, {
    remedy: 'Leave --for out, and take it back by hand; its author can give it an undo.',
  });
}

function examplesOf(action: Action, fields: readonly Field[], environments: readonly string[]): string[] {
  const environment = exampleEnvironment(action.environments ?? environments);
  const reason = action.kind === 'write' ? ' --reason "why it has to be done"' : '';
  const line = (input: Readonly<Record<string, unknown>>): string =>
    `${commandOf(action.id)}${fields.map((field) => flagText(field, input[field.name])).join('')} --env ${environment}${reason}`;
  if (action.examples.length > 0) return action.examples.flatMap(({ title, input }) => [`# ${clean(title)}`, line(input)]);
  const made = Object.fromEntries(fields.filter(({ required }) => required).map((field) => [field.name, sample(field)]));
  return [line(made)];
}

/** An example is copied and run: rather not in production. */
function exampleEnvironment(environments: readonly string[]): string {
  return environments.find((name) => name !== 'production') ?? environments[0] ?? 'staging';
}

function sample({ kind, choices, name }: Field): unknown {
  if (kind === 'choice') return choices[0];
  if (kind === 'integer' || kind === 'number') return 1;
  return kind === 'boolean' ? true : kind === 'json' ? {} : kind === 'list' ? [name.toUpperCase()] : name.toUpperCase();
}

/** ` --flag value` as it is typed; empty when there is no value. */
export const flagText = (field: Field, value: unknown): string => flagTextOf(field, value, quote);
