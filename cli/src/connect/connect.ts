import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOutput, EXIT, type ExitCode, GuichetError, type Request } from '@guichet/contract';
import { formatCell } from '../output/cell.ts';
import { clean } from '../output/clean.ts';
import type { Shell } from '../shell.ts';
import { EndWarnings } from './end-warnings.ts';
import { type End, Hold, type Until } from './hold.ts';
import { LocalDoor } from './local-door.ts';
import { findPsql, runPsql, SOCKET_PORT } from './psql.ts';

type Flags = Readonly<Record<string, unknown>>;

/** Keeps open what a request has opened, with psql or for any client, until whoever sits here leaves or it is over. */
export async function connect(shell: Shell, request: Request, flags: Flags): Promise<ExitCode> {
  const { output } = request;
  if (output?.kind !== 'connection')
    throw new GuichetError('request.not_connectable', `${request.id} gives nothing to connect to.`, {
      remedy: `guichet requests show ${request.id} shows what became of it.`,
    });
  const folder = mkdtempSync(join(tmpdir(), 'guichet-')); // which nobody else can enter
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const session = new Session(shell, { request, output, folder });
  const forget = shell.context.beforeEnd?.(async () => {
    remove();
    await session.close();
  });
  try {
    return await session.run(flags);
  } finally {
    await session.close();
    forget?.();
    remove();
  }
}

interface Place {
  readonly request: Request;
  readonly output: ConnectionOutput;
  /** A folder of its own for sockets. */
  readonly folder: string;
}

class Session {
  readonly #shell: Shell;
  readonly #place: Place;
  readonly #warnings: EndWarnings;
  readonly #doors: LocalDoor[] = [];
  #hold: Hold | undefined;
  #end: End | undefined;
  #until: Until | undefined;
  /** Another program draws on this terminal. */
  #quiet = false;

  constructor(shell: Shell, place: Place) {
    this.#shell = shell;
    this.#place = place;
    this.#warnings = new EndWarnings(place.request.id, (text) => this.#say(shell.aside.yellow(text)));
  }

  async run(flags: Flags): Promise<ExitCode> {
    const { request, output } = this.#place;
    const client = await this.#shell.client();
    this.#hold = await Hold.open(client, request.id, {
      onUntil: (until) => this.#onUntil(until),
      onBroken: () => this.#say(this.#shell.aside.yellow('The connection to the gateway was cut. Connecting again …')),
      onBack: () => this.#say('Connected again.'),
    });
    const ended = this.#hold.ended.then((end) => {
      this.#end = end;
      for (const door of this.#doors) door.close(end.reason);
      return end;
    });
    const wantsProgram = flags['open'] !== false && !this.#shell.forPrograms && output.protocol === 'postgres';
    const program = wantsProgram ? findPsql(this.#shell.context) : undefined;
    const port = typeof flags['port'] === 'number' ? flags['port'] : undefined;
    const socket = await this.#openSocket();
    const address = program === undefined || port !== undefined ? await this.#openPort(port, socket) : undefined;
    this.#say(this.#shell.aside.bold(this.#openingText()));
    if (address !== undefined) await this.#showAddress(address, { program: program !== undefined });
    if (program !== undefined) return this.#runProgram(program);
    if (wantsProgram) this.#say('There is no psql on this machine: take the address with any client.');
    return this.#wait(ended);
  }

  async close(): Promise<void> {
    this.#warnings.stop();
    for (const door of this.#doors) door.close();
    if (this.#end === undefined) await this.#hold?.leave();
  }

  async #runProgram(program: string): Promise<ExitCode> {
    const { output, folder } = this.#place;
    const { context } = this.#shell;
    this.#say(`Leaving psql ends it. ${this.#extendText()}`);
    this.#quiet = context.stdout.isTTY === true;
    const code = await runPsql(context, { program, folder, database: output.database ?? '' });
    this.#quiet = false;
    if (this.#end !== undefined) this.#say(this.#shell.aside.yellow(clean(this.#end.reason)));
    return code as ExitCode; // that of psql, whatever it is: scripts ask for it
  }

  async #wait(ended: Promise<End>): Promise<ExitCode> {
    this.#say(`Ctrl-C ends it. ${this.#extendText()}`);
    const { interrupt } = this.#shell.context;
    const left = new Promise<undefined>((resolve) => {
      if (interrupt.aborted) resolve(undefined);
      interrupt.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const end = await Promise.race([left, ended]);
    if (end?.lost === true)
      throw new GuichetError('gateway.unreachable', `The connection was lost: ${end.reason}`, {
        remedy: 'What was open has been ended. Ask for it anew when the gateway is back.',
      });
    this.#say(end === undefined ? '\nClosed.' : this.#shell.aside.yellow(clean(end.reason)));
    return EXIT.ok;
  }

  /** For psql, and for whoever prefers it: nobody else can enter the folder. */
  async #openSocket(): Promise<string> {
    const { request, output, folder } = this.#place;
    const path = join(folder, output.protocol === 'postgres' ? `.s.PGSQL.${SOCKET_PORT}` : 'socket');
    const client = await this.#shell.client();
    this.#doors.push(await LocalDoor.open({ client, request: request.id, protocol: output.protocol, at: { path } }));
    return path;
  }

  /** The address for other clients. Only PostgreSQL has a password to be asked for; others get a port only if they name one. */
  async #openPort(port: number | undefined, socket: string): Promise<Address> {
    const { request, output } = this.#place;
    const isPostgres = output.protocol === 'postgres';
    if (!isPostgres && port === undefined) return { text: `unix:${socket}`, facts: { socket } };
    const password = randomBytes(16).toString('base64url');
    const client = await this.#shell.client();
    const door = await LocalDoor.open({
      ...{ client, request: request.id, protocol: output.protocol, at: { port: port ?? 0 } },
      ...(isPostgres && { password }),
    });
    this.#doors.push(door);
    const place = { host: '127.0.0.1', port: door.port };
    if (!isPostgres) return { text: `127.0.0.1:${door.port}`, facts: place };
    const database = output.database ?? '';
    const text = `postgres://guichet:${password}@127.0.0.1:${door.port}/${encodeURIComponent(database)}`;
    return { text, facts: { ...place, user: 'guichet', password, database } };
  }

  async #showAddress({ text, facts }: Address, { program }: { program: boolean }): Promise<void> {
    const { request, output } = this.#place;
    const document = { request: request.id, address: text, ...facts, until: this.#until?.at ?? null };
    if (program) this.#say(`  ${text}`);
    else await this.#shell.show(document, () => text);
    if (output.protocol === 'postgres')
      this.#say('Any client takes this address. Its password is good here alone, and only as long as this command runs.');
    else if ('port' in facts)
      this.#say(this.#shell.aside.yellow('Whoever is signed in at this machine can use this port: it has no password.'));
  }

  #openingText(): string {
    const { output, request } = this.#place;
    const at = this.#until?.at ?? request.temporary?.undoAt ?? null;
    const until = at === null ? '' : ` until ${this.#timeText(at)}`;
    return `Connected to ${clean(output.target)}${until}.`;
  }

  #timeText(at: string): string {
    return formatCell(at, 'timestamp', this.#shell.asideCanvas).text;
  }

  #extendText(): string {
    return `To keep it longer: guichet requests extend ${this.#place.request.id} --for 1h`;
  }

  #onUntil(until: Until): void {
    const before = this.#until;
    this.#until = until;
    this.#warnings.set(until.seconds);
    if (before === undefined || before.at === until.at || until.at === null) return;
    this.#say(`It lasts until ${this.#timeText(until.at)} now.`);
  }

  #say(text: string): void {
    if (!this.#quiet) this.#shell.say(text);
  }
}

interface Address {
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}
