import { autocomplete } from '@clack/prompts';
import type { Choice } from '@guichet/contract';
import { Fzf } from 'fzf';
import { clean } from '../output/clean.ts';
import type { Shell } from '../shell.ts';
import { answered } from './ask.ts';

export interface PickQuestion {
  readonly message: string;
  readonly choices: readonly Choice[];
  /** More choices for what is typed; they come while the picker is open. */
  readonly search?: ((query: string) => Promise<readonly Choice[]>) | undefined;
  /** Makes a value of what was typed, where values outside the list are allowed. */
  readonly free?: ((text: string) => string | number | undefined) | undefined;
}

interface Item {
  /** The chosen value as text; `values` has it as it is. */
  readonly value: string;
  readonly label: string;
  readonly hint?: string;
}

/** How long typing must pause before choices are looked up again. */
const PAUSE_MS = 120;

/** Lets somebody choose by typing parts of a name, in any order of letters that fits; the best match first. */
export async function pick(shell: Shell, question: PickQuestion): Promise<string | number> {
  const { context } = shell;
  const list = new LiveList(question);
  const answer = await autocomplete<string>({
    input: context.stdin,
    output: context.stderr,
    signal: context.interrupt,
    message: question.message,
    maxItems: 10,
    // Asked again at each keystroke and each drawing; what is already ranked is not ranked again.
    options() {
      list.redraw = () => {
        // The prompt looks at its options again only when the text changes: a space and back is a change.
        this.emit('userInput', `${this.userInput} `);
        this.emit('userInput', this.userInput);
        context.stderr.emit('resize');
      };
      const { items, isNew } = list.ranked(this.userInput ?? '');
      // The best match is the one that Enter takes, unless somebody has chosen another with the arrows.
      if (isNew && !this.isNavigating) this.focusedValue = undefined;
      return [...items];
    },
    filter: () => true,
    validate: (value) => (value === undefined ? 'Choose one, or press Ctrl-C.' : undefined),
  });
  list.close();
  return list.chosen(answered(answer));
}

class LiveList {
  /** Told when choices have come. */
  redraw: () => void = () => {};
  readonly #question: PickQuestion;
  #items: readonly Item[];
  #ranked: { query: string; items: readonly Item[] } | undefined;
  readonly #values = new Map<string, string | number>();
  #found: { query: string; items: readonly Item[] } = { query: '', items: [] };
  #asked = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(question: PickQuestion) {
    this.#question = question;
    this.#items = question.choices.map((choice) => this.#toItem(choice));
  }

  /** What fits the typed text, the best first, and whether that has changed since it was last asked. */
  ranked(typed: string): { items: readonly Item[]; isNew: boolean } {
    const query = typed.trim();
    if (this.#ranked?.query === query) return { items: this.#ranked.items, isNew: false };
    this.#lookUp(query);
    // What the provider found belongs, even where the label alone does not show why.
    const matches =
      query === '' ? this.#items : merge(rank(this.#items, query), this.#found.query === query ? this.#found.items : []);
    const own = query === '' ? undefined : this.#question.free?.(query);
    const items =
      own === undefined || matches.some(({ value }) => value === String(own))
        ? matches
        : [...matches, this.#toItem({ value: own, detail: 'as typed' })];
    this.#ranked = { query, items };
    return { items, isNew: true };
  }

  /** The value that was chosen, a number where the choice was one. */
  chosen(text: string): string | number {
    return this.#values.get(text) ?? text;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.redraw = () => {};
  }

  #toItem({ value, label, detail }: Choice): Item {
    this.#values.set(String(value), value);
    return { value: String(value), label: clean(label ?? String(value)), ...(detail !== undefined && { hint: clean(detail) }) };
  }

  #lookUp(query: string): void {
    const { search } = this.#question;
    if (search === undefined || query === this.#asked) return;
    this.#asked = query;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      // Without an answer the choices that are there stay.
      const found = await search(query).catch(() => undefined);
      if (found === undefined || this.#asked !== query) return;
      this.#found = { query, items: found.map((choice) => this.#toItem(choice)) };
      this.#items = merge(this.#found.items, this.#items);
      this.#ranked = undefined;
      this.redraw();
    }, PAUSE_MS);
  }
}

function merge(first: readonly Item[], then: readonly Item[]): Item[] {
  const known = new Set(first.map(({ value }) => value));
  return [...first, ...then.filter(({ value }) => !known.has(value))];
}

function rank(items: readonly Item[], query: string): readonly Item[] {
  const finder = new Fzf([...items], { selector: (item: Item) => item.label });
  // The types of fzf are lost on a resolver that wants file endings.
  const found: readonly { readonly item: Item }[] = finder.find(query);
  return found.map(({ item }) => item);
}
