import type { Client } from '@guichet/client';
import { openSession, type Session } from './config/session.ts';
import type { Context, OutputStream } from './context.ts';
import type { Canvas } from './output/canvas.ts';
import { escaped } from './output/clean.ts';
import { type Paint, paintFor } from './output/paint.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** Flags that every command takes. */
export interface CommonFlags {
  readonly profile?: string | undefined;
  readonly output: Format;
  readonly color: boolean;
}

/** One invocation: what a command says, to whom it talks. Results go to stdout; everything else to stderr. */
export class Shell {
  readonly context: Context;
  readonly flags: CommonFlags;
  /** Colours of stdout and of stderr. */
  readonly paint: Paint;
  readonly aside: Paint;
  #session: Session | undefined;
  #client: Client | undefined;

  constructor(context: Context, flags: CommonFlags) {
    this.context = context;
    this.flags = flags;
    this.paint = paintFor(context.stdout, context, flags.color && !this.forPrograms);
    this.aside = paintFor(context.stderr, context, flags.color);
  }

  /** True when stdout must be one document. */
  get forPrograms(): boolean {
    return this.flags.output === 'json' || this.flags.output === 'yaml';
  }

  /**
   * True when somebody is there to answer a question. Questions are asked on stderr. Some runners of CI jobs give them a
   * terminal, at which nobody sits.
   */
  get interactive(): boolean {
    const ci = this.context.env['CI'] ?? '';
    if (!['', '0', 'false'].includes(ci.toLowerCase())) return false;
    return this.context.stdin.isTTY === true && this.context.stderr.isTTY === true;
  }

  get session(): Session {
    this.#session ??= openSession(this.context, this.flags.profile);
    return this.#session;
  }

  /** The client of the session; loaded when first needed, since help and completion may never need it. */
  async client(): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    const { session, context } = this;
    const { openClient } = await import('./sign-in/open-client.ts');
    this.#client = openClient(context, session, (text) => this.say(text));
    return this.#client;
  }

  /** Where results are drawn. */
  get canvas(): Canvas {
    return this.#canvasOf(this.context.stdout, this.paint);
  }

  /** Where everything else is. */
  get asideCanvas(): Canvas {
    return this.#canvasOf(this.context.stderr, this.aside);
  }

  #canvasOf(stream: OutputStream, paint: Paint): Canvas {
    const width = stream.isTTY === true ? Math.max(20, stream.columns ?? 80) : Number.POSITIVE_INFINITY;
    return { width, wide: this.flags.output === 'wide', paint, now: this.context.now() };
  }

  /** A line of the result. */
  print(text: string): void {
    this.context.stdout.write(`${text}\n`);
  }

  /** A line about the work: progress, questions, advice. */
  say(text: string): void {
    this.context.stderr.write(`${text}\n`);
  }

  /** The one document of a command, when it is for programs; else what `draw` gives. */
  async show(document: unknown, draw: () => string): Promise<void> {
    this.print(this.forPrograms ? await toText(document, this.flags.output) : draw());
  }
}

export async function toText(document: unknown, format: Format): Promise<string> {
  const json = JSON.stringify(document, null, 2);
  const safe = escaped(json);
  if (format !== 'yaml') return safe;
  const { stringify } = await import('yaml');
  if (safe === json) return stringify(document).trimEnd();
  const quoted = stringify(document, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE' });
  return escaped(quoted).trimEnd();
}
