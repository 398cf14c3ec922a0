import { formatDuration, type Output } from '@guichet/contract';
import { formatTime } from '../output/units.ts';
import { fit } from '../output/width.ts';
import type { Shell } from '../shell.ts';
import { filterOutput } from './filter-output.ts';
import { drawFrame, type Heading } from './frame.ts';
import type { Key } from './keyboard.ts';
import type { LiveScreen } from './live-screen.ts';
import { LEAST_SECONDS, MOST_SECONDS } from './watch-seconds.ts';

/** What a view does not do by itself. */
export interface Commands {
  leave(): void;
  /** Asks now, and then again from now on. */
  askNow(): void;
}

const STEPS = [1, 2, 5, 10, 20, 30, 60] as const;

/** What is on the screen: the last answer and how it is looked at. It draws itself whenever something of it changes. */
export class LiveView {
  paused = false;
  #seconds: number;
  readonly #what: string;
  readonly #shell: Shell;
  readonly #screen: LiveScreen;
  readonly #commands: Commands;
  /** Whether somebody can press keys. */
  readonly #keys: boolean;
  #answer: { readonly output: Output; readonly at: Date };
  #trouble: string | undefined;
  #filter = '';
  #isTyping = false;
  #offset = 0;
  #page = 1;
  #least = new Map<string, number>();
  #lines: readonly string[] = [];

  readonly #does: Readonly<Record<string, () => void>> = {
    q: () => this.#commands.leave(),
    p: () => this.#pauseOrGoOn(),
    ' ': () => this.#pauseOrGoOn(),
    '+': () => this.#change(STEPS.find((step) => step > this.#seconds) ?? MOST_SECONDS),
    '=': () => this.#change(STEPS.find((step) => step > this.#seconds) ?? MOST_SECONDS),
    '-': () => this.#change(STEPS.findLast((step) => step < this.#seconds) ?? LEAST_SECONDS),
    '/': () => this.#beginTyping(),
    escape: () => this.#look(''),
    j: () => this.#scroll(1),
    down: () => this.#scroll(1),
    k: () => this.#scroll(-1),
    up: () => this.#scroll(-1),
    pagedown: () => this.#scroll(this.#page),
    pageup: () => this.#scroll(-this.#page),
    g: () => this.#scroll(Number.NEGATIVE_INFINITY),
    home: () => this.#scroll(Number.NEGATIVE_INFINITY),
    G: () => this.#scroll(Number.MAX_SAFE_INTEGER),
    end: () => this.#scroll(Number.MAX_SAFE_INTEGER),
  };

  constructor(options: {
    shell: Shell;
    screen: LiveScreen;
    commands: Commands;
    what: string;
    seconds: number;
    keys: boolean;
    first: Output;
  }) {
    this.#shell = options.shell;
    this.#screen = options.screen;
    this.#commands = options.commands;
    this.#what = options.what;
    this.#seconds = options.seconds;
    this.#keys = options.keys;
    this.#answer = { output: options.first, at: options.shell.context.now() };
  }

  get seconds(): number {
    return this.#seconds;
  }

  show(output: Output): void {
    this.#answer = { output, at: this.#shell.context.now() };
    this.#trouble = undefined;
    this.draw();
  }

  /** Says why there is no newer answer, above the one that there is. */
  tell(trouble: string): void {
    const now = this.#shell.context.now();
    this.#trouble = `${formatTime(now, now)} ${trouble}`;
    this.draw();
  }

  pause(): void {
    this.paused = true;
    this.draw();
  }

  resized(): void {
    this.#least = new Map();
    this.#screen.invalidate();
    this.draw();
  }

  draw(): void {
    const { paint } = this.#shell;
    const frame = drawFrame({
      heading: this.#heading(),
      output: filterOutput(this.#answer.output, this.#filter),
      canvas: { ...this.#shell.canvas, width: this.#screen.columns, now: this.#answer.at },
      height: this.#screen.rows,
      offset: this.#offset,
      footer: this.#isTyping ? `/${this.#filter}${paint.inverse(' ')}` : paint.dim(fit(this.#footer(), this.#screen.columns)),
      least: this.#least,
    });
    this.#offset = frame.offset;
    this.#page = frame.page;
    this.#lines = frame.lines;
    this.#screen.draw(frame.lines);
  }

  /** What stays when the screen is left: all but the keys, and no empty lines at its end. */
  get last(): readonly string[] {
    const lines = this.#lines.slice(0, -1);
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  heard(key: Key): void {
    if (key.name === 'ctrl-c') this.#commands.leave();
    else if (this.#isTyping) this.#type(key);
    else this.#does[key.text ?? key.name]?.();
  }

  #type({ name, text }: Key): void {
    if (name === 'return' || name === 'enter') {
      this.#isTyping = false;
      this.draw();
    } else if (name === 'escape') {
      this.#isTyping = false;
      this.#look('');
    } else if (name === 'backspace') this.#look(Array.from(this.#filter).slice(0, -1).join(''));
    else if (text !== undefined) this.#look(this.#filter + text);
  }

  #beginTyping(): void {
    this.#isTyping = true;
    this.draw();
  }

  #pauseOrGoOn(): void {
    this.paused = !this.paused;
    if (!this.paused) this.#commands.askNow();
    this.draw();
  }

  #look(filter: string): void {
    this.#filter = filter;
    this.#offset = 0;
    this.#least = new Map();
    this.draw();
  }

  #scroll(rows: number): void {
    this.#offset = Math.max(0, this.#offset + rows);
    this.draw();
  }

  #change(seconds: number): void {
    this.#seconds = seconds;
    this.#commands.askNow();
    this.draw();
  }

  #heading(): Heading {
    const at = formatTime(this.#answer.at, this.#shell.context.now());
    const pace = this.paused ? 'paused' : `every ${formatDuration(this.#seconds)}`;
    return { what: this.#what, when: `${at} · ${pace}`, trouble: this.#trouble };
  }

  #footer(): string {
    if (!this.#keys) return 'Ctrl-C ends it';
    const filter = this.#filter === '' ? '/ filter' : `/ filter: ${this.#filter} (Esc clears it)`;
    return `q quit   p ${this.paused ? 'go on' : 'pause'}   +/- interval   ${filter}   ↑↓ scroll`;
  }
}
