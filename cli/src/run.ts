import { type ExitCode, GuichetError } from '@guichet/contract';
import { BUILTINS, findBuiltin, GROUPS } from './builtin/table.ts';
import { type CatalogueIndex, readIndex } from './catalogue/cache.ts';
import { Catalogue } from './catalogue/catalogue.ts';
import { childrenOf, findAction } from './catalogue/find.ts';
import { guessCommonFlags } from './common-flags.ts';
import type { Context } from './context.ts';
import { showGroup, showTop } from './help.ts';
import { isOurs } from './own-commands.ts';
import { reportError } from './report-error.ts';
import { Shell } from './shell.ts';
import { didYouMean, nearest } from './suggest.ts';
import { splitWords, type Words } from './words.ts';

/** Runs one command line to its exit code. Errors are reported, never thrown; nothing ends the process. */
export async function run(argv: readonly string[], context: Context): Promise<ExitCode> {
  const flags = guessCommonFlags(argv);
  try {
    return await dispatch(argv, new Shell(context, flags));
  } catch (error) {
    return reportError(error, { context, flags });
  }
}

async function dispatch(argv: readonly string[], shell: Shell): Promise<ExitCode> {
  if (argv[0] === '__complete') return (await import('./completion/complete.ts')).printCompletions(shell, argv.slice(1));
  if (argv[0] === 'help') return dispatch([...argv.slice(1).filter((word) => !word.startsWith('-')), '--help'], shell);
  if (argv[0] === '--version' || argv[0] === '-V') return dispatch(['version', ...argv.slice(1)], shell);
  const line = splitWords(argv);
  const builtin = findBuiltin(line.words);
  if (builtin !== undefined) return (await import('./run-builtin.ts')).runBuiltin(builtin, { shell, line });
  const helpWanted = line.rest.includes('--help') || line.rest.includes('-h');
  if (line.words.length === 0) {
    if (!helpWanted && line.rest.length > 0) (await import('./run-builtin.ts')).checkFlags(shell, line.rest);
    return showTop(shell);
  }
  const [group = ''] = line.words;
  if (Object.hasOwn(GROUPS, group) && line.words.length === 1) {
    // A provider may have the name of one of our groups.
    const children = childrenOf(remembered(shell), line.words).filter(({ word }) => !isOurs([group, word]));
    return showGroup(shell, { words: line.words, children });
  }
  return runFromCatalogue({ shell, line, helpWanted });
}

interface CatalogueLine {
  readonly shell: Shell;
  readonly line: Words;
  readonly helpWanted: boolean;
}

async function runFromCatalogue({ shell, line, helpWanted }: CatalogueLine): Promise<ExitCode> {
  const catalogue = new Catalogue(shell);
  const lookUp = (index: CatalogueIndex) => ({
    index,
    found: findAction(index.entries, line.words),
    children: childrenOf(index.entries, line.words),
  });
  let { index, found, children } = lookUp(await indexFor(line.words, { catalogue, helpWanted }));
  // Perhaps it is new: what is remembered may be up to a minute old.
  if (found === undefined && children.length === 0 && index !== NOTHING && !catalogue.isFresh)
    ({ index, found, children } = lookUp(await catalogue.refresh()));
  if (found === undefined && children.length > 0) return showGroup(shell, { words: line.words, children });
  if (found === undefined) throw unknownCommand(line.words, index);
  const { runAction } = await import('./action/run-action.ts');
  const rest = [...line.words.slice(found.used), ...line.rest];
  return runAction({ shell, catalogue, entry: found.entry, index, argv: rest });
}

/** What the last look at the catalogue saw: our own commands are shown without waiting for a gateway. */
function remembered(shell: Shell): CatalogueIndex['entries'] {
  try {
    return readIndex(shell.session.cache)?.index.entries ?? [];
  } catch {
    return []; // nobody is signed in yet
  }
}

/** What is known without a gateway. */
const NOTHING: CatalogueIndex = { format: 1, environments: [], entries: [] };

/** The index; nothing when there is no gateway to ask and the words are nearly a command of the CLI's own. */
async function indexFor(
  [word = '']: readonly string[],
  { catalogue, helpWanted }: { catalogue: Catalogue; helpWanted: boolean },
): Promise<CatalogueIndex> {
  try {
    return await catalogue.index({ offline: helpWanted });
  } catch (error) {
    const own = BUILTINS.map((builtin) => builtin.words[0] ?? '');
    if (error instanceof GuichetError && nearest(word, own) !== undefined) return NOTHING;
    throw error;
  }
}

function unknownCommand(words: readonly string[], index: CatalogueIndex): GuichetError {
  const following = (group: readonly string[]): string[] => {
    const own = BUILTINS.filter((builtin) => group.every((part, at) => builtin.words[at] === part)).map(
      (builtin) => builtin.words[group.length] ?? '',
    );
    return [...new Set([...childrenOf(index.entries, group).map((child) => child.word), ...own])].filter(Boolean);
  };
  let known = 0;
  while (known < words.length && following(words.slice(0, known + 1)).length > 0) known += 1;
  const group = words.slice(0, known);
  const word = words[known] ?? '';
  const all = ['guichet', ...group].join(' ');
  return new GuichetError('usage.invalid', `There is no command '${word}' in ${all}.`, {
    remedy: `${didYouMean(word, following(group)) ?? ''} See ${all} --help.`.trim(),
  });
}
