import { GuichetError } from '../errors.ts';
import { Automaton, START } from './automaton.ts';
import { encodingsOf, SHORTEST } from './encodings.ts';
import { SECRET_MARKER } from './marker.ts';
import { isProtocolWord, PROTOCOL_NAMES } from './protocol-words.ts';

/** Stretches of a text, merged as they come. They come in the order of their ends. */
class Ranges {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  add(start: number, end: number): void {
    let from = start;
    while ((this.#ends.at(-1) ?? -1) >= from) {
      from = Math.min(from, this.#starts.pop() ?? from);
      this.#ends.pop();
    }
    this.#starts.push(from);
    this.#ends.push(end);
  }

  get isEmpty(): boolean {
    return this.#ends.length === 0;
  }

  /** The text with one marker for each stretch. */
  mask(text: string): string {
    if (this.isEmpty) return text;
    const pieces: string[] = [];
    let shown = 0;
    for (const [index, start] of this.#starts.entries()) {
      pieces.push(text.slice(shown, start), SECRET_MARKER);
      shown = this.#ends[index] ?? text.length;
    }
    return pieces.join('') + text.slice(shown);
  }
}

/**
 * Takes secrets out of what is said about a call that had them: in every encoding of `encodingsOf`, also where one is
 * split over several texts. Linear in what is said. Secrets of fewer than 4 characters are not looked for.
 */
export class Scrubber {
  readonly #automaton: Automaton;

  /** `values`: secrets of any JSON type; in lists and objects, each text and number is one. */
  constructor(values: readonly unknown[]) {
    const texts = new Set(values.flatMap(textsOf).filter(({ length }) => length >= SHORTEST));
    this.#automaton = new Automaton([...new Set([...texts].flatMap(encodingsOf))]);
  }

  /** True when there is a secret in a text or number of any depth, or a whole name is one. */
  finds(value: unknown): boolean {
    let state = START;
    let found = false;
    const note = (): void => {
      found = true;
    };
    for (const text of spokenIn(value)) {
      state = this.#automaton.walk(text, state, note);
      if (found) return true;
    }
    return namesIn(value).some((name) => this.#isSecret(name));
  }

  /** The text with SECRET_MARKER where secrets were. */
  scrub(text: string): string {
    const ranges = new Ranges();
    this.#automaton.walk(text, START, (start, end) => ranges.add(start, end));
    return ranges.mask(text);
  }

  /**
   * A copy of a JSON value with every text scrubbed. The texts are read in their order as one: a secret that is cut into
   * neighbouring ones is found. A number that is a secret becomes null, and a name that is one is masked. Names and words
   * of the protocol stay, even when somebody's secret is such a word: they tell nothing.
   */
  scrubJson<Value>(value: Value): Value {
    const texts = [...spokenIn(value)];
    const marks = texts.map(() => new Ranges());
    let state = START;
    for (const [index, text] of texts.entries()) {
      state = this.#automaton.walk(text, state, (start, end) => {
        marks[index]?.add(Math.max(0, start), end);
        spreadBack(-start, { texts, index, marks });
      });
    }
    let next = 0;
    const masked = (): string | undefined => {
      const [text = '', ranges] = [texts[next], marks[next]];
      next += 1;
      return ranges === undefined || ranges.isEmpty ? undefined : ranges.mask(text);
    };
    const nameOf = (name: string): string => (!PROTOCOL_NAMES.has(name) && this.#isSecret(name) ? SECRET_MARKER : name);
    return rebuilt(value, { masked, nameOf }) as Value; // a copy of the same shape
  }

  /**
   * What somebody threw, in other words: only what an error itself says. Libraries hang statements and whole objects on
   * theirs, and none of that is looked through.
   */
  scrubError(error: unknown): unknown {
    if (typeof error === 'string') return this.scrub(error);
    if (!(error instanceof Error)) return error;
    const quiet = this.#retold(error);
    Object.assign(quiet, { name: error.name, stack: this.scrub(error.stack ?? '') });
    return 'code' in error && typeof error.code === 'string' ? Object.assign(quiet, { code: error.code }) : quiet;
  }

  #retold(error: Error): Error {
    const message = this.scrub(error.message);
    const cause = error.cause === undefined ? {} : { cause: this.scrubError(error.cause) };
    if (!(error instanceof GuichetError)) return new Error(message, cause);
    const { code, remedy, errors, details } = error;
    return new GuichetError(code, message, {
      remedy: remedy === undefined ? undefined : this.scrub(remedy),
      errors: this.scrubJson(errors),
      details: this.scrubJson(details),
      ...cause,
    });
  }

  /** For texts that come one after the other and cannot be taken back, such as the lines of a log. */
  stream(): ScrubbedStream {
    return new ScrubbedStream(this.#automaton);
  }

  #isSecret(text: string): boolean {
    let whole = false;
    this.#automaton.walk(text, START, (start, end) => {
      whole ||= start === 0 && end === text.length;
    });
    return whole;
  }
}

/**
 * Scrubs texts as they come. A text that ends with the beginning of a secret (4 characters or more) loses it, for the next
 * one may bring the rest; and the next one loses the rest.
 */
export class ScrubbedStream {
  readonly #automaton: Automaton;
  #state = START;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
  }

  push(text: string): string {
    const ranges = new Ranges();
    const mark = (start: number, end: number): void => ranges.add(Math.max(0, start), end);
    const line = text.trimEnd(); // a line feed at its end does not part a secret
    const state = this.#automaton.walk(line, this.#state, mark);
    const open = this.#automaton.depth(state);
    if (open >= SHORTEST) mark(line.length - open, line.length);
    // White space may also be part of the secret.
    const after = this.#automaton.walk(text.slice(line.length), state, (start, end) =>
      mark(line.length + start, line.length + end),
    );
    this.#state = this.#automaton.depth(after) > 0 ? after : state;
    return ranges.mask(text);
  }
}

/** The texts and numbers of a secret. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

/** All texts and numbers of a JSON value, in their order, but for words of the protocol. */
function* spokenIn(value: unknown, name = ''): Generator<string> {
  if (typeof value === 'string') {
    if (!isProtocolWord(name, value)) yield value;
  } else if (typeof value === 'number') yield String(value);
  else if (Array.isArray(value)) for (const item of value) yield* spokenIn(item);
  else if (typeof value === 'object' && value !== null)
    for (const [key, member] of Object.entries(value)) yield* spokenIn(member, key);
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(namesIn)];
}

interface Rewriting {
  /** In the order of `spokenIn`: what stands in place of a text, undefined where it stays. */
  readonly masked: () => string | undefined;
  readonly nameOf: (name: string) => string;
}

function rebuilt(value: unknown, rewriting: Rewriting, name = ''): unknown {
  if (typeof value === 'string') return isProtocolWord(name, value) ? value : (rewriting.masked() ?? value);
  if (typeof value === 'number') return rewriting.masked() === undefined ? value : null;
  if (Array.isArray(value)) return value.map((item) => rebuilt(item, rewriting));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [rewriting.nameOf(key), rebuilt(member, rewriting, key)]),
  );
}

/** Marks the ends of the texts before this one, as far as a secret that ends here began in them. */
function spreadBack(
  characters: number,
  { texts, index, marks }: { texts: readonly string[]; index: number; marks: readonly Ranges[] },
): void {
  let missing = characters;
  for (let earlier = index - 1; missing > 0 && earlier >= 0; earlier -= 1) {
    const length = texts[earlier]?.length ?? 0;
    if (length > 0) marks[earlier]?.add(Math.max(0, length - missing), length);
    missing -= length;
  }
}
