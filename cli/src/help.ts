import { EXIT, type ExitCode, GuichetError } from '@guichet/contract';
import { BUILTINS, GROUPS } from './builtin/table.ts';
import { Catalogue } from './catalogue/catalogue.ts';
import { type Child, childrenOf } from './catalogue/find.ts';
import { COMMON_FLAGS } from './common-flags.ts';
import { clean } from './output/clean.ts';
import type { Shell } from './shell.ts';

/** A term and what it stands for. */
type Line = readonly [term: string, text: string];

interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
}

// The help of one command is drawn by commander from its flags. That of groups has no flags of its own and is drawn here,
// in the same form, since loading commander would double what it takes.

/** The help of a group: what can follow its words. */
export function showGroup(shell: Shell, { words, children }: { words: readonly string[]; children: readonly Child[] }): ExitCode {
  const name = ['guichet', ...words].join(' ');
  const own = BUILTINS.filter(({ words: all }) => all.length > words.length && words.every((word, index) => all[index] === word));
  const summary = words.length === 1 ? GROUPS[words[0] ?? ''] : undefined;
  const lines = [...own.map(({ words: all, summary: text }): Line => [all[words.length] ?? '', text]), ...children.map(toLine)];
  printHelp(shell, {
    name,
    about: summary === undefined ? undefined : `${summary}.`,
    sections: [{ title: 'Commands', lines }],
    after: `${name} <command> --help shows the flags of one, with examples.`,
  });
  return EXIT.ok;
}

/** The help of the whole: providers first, since they are what people come for. */
export async function showTop(shell: Shell): Promise<ExitCode> {
  const own = new Map<string, string>();
  for (const { words, summary } of BUILTINS) {
    const [word = ''] = words;
    if (!own.has(word)) own.set(word, GROUPS[word] ?? summary);
  }
  const { lines, advice } = await providers(shell);
  printHelp(shell, {
    name: 'guichet',
    about: 'The window at which you are served: what can be done in production, typed, approved and audited.',
    sections: [
      { title: 'What you can do', lines },
      { title: 'Guichet itself', lines: [...own] },
    ],
    after: [advice, 'guichet <command> --help says more.'].filter(Boolean).join('\n'),
  });
  return EXIT.ok;
}

/** What the catalogue offers; when there is none to be had, what to do about it instead. */
async function providers(shell: Shell): Promise<{ lines: Line[]; advice?: string }> {
  try {
    const { entries } = await new Catalogue(shell).index({ offline: true });
    if (entries.length === 0) return { lines: [], advice: 'No provider offers an action to you yet.' };
    return { lines: childrenOf(entries, []).map(toLine) };
  } catch (error) {
    if (!(error instanceof GuichetError)) throw error;
    return { lines: [], advice: `${error.message} ${error.remedy ?? ''}` };
  }
}

function toLine({ word, entry, below }: Child): Line {
  const count = below === 0 ? '' : `${below} ${below === 1 ? 'action' : 'actions'}`;
  if (entry === undefined) return [word, count];
  const title = `${clean(entry.title)}${entry.available ? '' : ' (unavailable)'}`;
  return [word, below > 0 ? `${title}; and ${count} below` : title];
}

interface HelpText {
  readonly name: string;
  readonly about?: string | undefined;
  readonly sections: readonly Section[];
  readonly after: string;
}

function printHelp(shell: Shell, { name, about, sections, after }: HelpText): void {
  const { paint } = shell;
  const shown = [...sections.filter(({ lines }) => lines.length > 0), { title: 'Common flags', lines: COMMON_FLAGS }];
  const width = Math.max(...shown.flatMap(({ lines }) => lines.map(([term]) => term.length)));
  const room = Math.max(20, Math.min(shell.canvas.width, 120) - width - 4);
  const parts = [`${paint.bold('Usage:')} ${name} <command> [flags]`];
  if (about !== undefined) parts.push(wrap(about, { room: Math.min(shell.canvas.width, 120), indent: 0 }));
  for (const { title, lines } of shown) {
    const drawn = lines.map(
      ([term, text]) => `  ${paint.cyan(term)}${' '.repeat(width - term.length)}  ${wrap(text, { room, indent: width + 4 })}`,
    );
    parts.push([paint.bold(`${title}:`), ...drawn].join('\n'));
  }
  shell.print([...parts, after].join('\n\n'));
}

function wrap(text: string, { room, indent }: { room: number; indent: number }): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '' || last.length + 1 + word.length <= room) lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
