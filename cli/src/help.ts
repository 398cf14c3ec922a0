import { EXIT, type ExitCode, GuichetError } from '@guichet/contract';
import type { Command } from 'commander';
import { BUILTINS, GROUPS } from './builtin/table.ts';
import { Catalogue } from './catalogue/catalogue.ts';
import type { Child } from './catalogue/find.ts';
import { childrenOf } from './catalogue/find.ts';
import { createCommand, withCommonFlags } from './command.ts';
import type { Shell } from './shell.ts';

interface Group {
  readonly words: readonly string[];
  readonly children: readonly Child[];
}

/** The help of a group: what can follow its words. */
export function showGroup(shell: Shell, { words, children }: Group): ExitCode {
  const name = ['guichet', ...words].join(' ');
  const command = createCommand(shell.context, name).usage('<command> [flags]');
  const [group = ''] = words;
  const summary = words.length === 1 ? GROUPS[group] : undefined;
  if (summary !== undefined) command.description(`${summary}.`);
  command.commandsGroup('Commands:');
  for (const builtin of BUILTINS)
    if (builtin.words.length > words.length && words.every((word, index) => builtin.words[index] === word))
      addStub(command, builtin.words[words.length] ?? '', builtin.summary);
  addChildren(command, children);
  withCommonFlags(command);
  command.addHelpText('after', `\n${name} <command> --help shows the flags of one, with examples.`);
  command.outputHelp();
  return EXIT.ok;
}

/** The help of the whole: providers first, since they are what people come for. */
export async function showTop(shell: Shell): Promise<ExitCode> {
  const command = createCommand(shell.context, 'guichet')
    .usage('<command> [flags]')
    .description('The window at which you are served: what can be done in production, typed, approved and audited.');
  const said = await addProviders(command, shell);
  command.commandsGroup('Guichet itself:');
  const listed = new Set<string>();
  for (const { words, summary } of BUILTINS) {
    const [word = ''] = words;
    if (listed.has(word)) continue;
    listed.add(word);
    addStub(command, word, GROUPS[word] ?? summary);
  }
  withCommonFlags(command);
  command.addHelpText('after', `\n${said}guichet <command> --help says more. Documentation: docs/guide/cli.md`);
  command.outputHelp();
  return EXIT.ok;
}

/** Adds what the catalogue offers; when there is none to be had, says what to do about it instead. */
async function addProviders(command: Command, shell: Shell): Promise<string> {
  try {
    const { entries } = await new Catalogue(shell).index({ offline: true });
    command.commandsGroup('What you can do:');
    addChildren(command, childrenOf(entries, []));
    return entries.length === 0 ? 'No provider offers an action yet.\n' : '';
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    return `${error.message} ${error.remedy ?? ''}\n`;
  }
}

function addChildren(command: Command, children: readonly Child[]): void {
  for (const { word, entry, below } of children) {
    const count = below === 0 ? '' : `${below} ${below === 1 ? 'action' : 'actions'}`;
    const title = entry === undefined ? count : `${entry.title}${entry.available ? '' : ' (unavailable)'}`;
    addStub(command, word, entry !== undefined && below > 0 ? `${title}; and ${count} below` : title);
  }
}

function addStub(command: Command, word: string, summary: string): void {
  command.command(word).description(summary);
}
