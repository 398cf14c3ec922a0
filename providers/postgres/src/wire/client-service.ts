import type { Duplex } from 'node:stream';
import { ProtocolError, type Statement } from './frontend.ts';
import type { Complaint } from './messages.ts';
import { ServerRefusal, type ServerSession } from './server-session.ts';

/** Why a client is not served, in the words that it is told. */
export class Unserved extends Error {
  readonly complaint: Omit<Complaint, 'severity'>;

  constructor(complaint: Omit<Complaint, 'severity'>, options: { readonly cause?: unknown } = {}) {
    super(complaint.message, options);
    this.name = 'Unserved';
    this.complaint = complaint;
  }
}

export type Refusal = Omit<Complaint, 'severity'>;

export interface ClientService {
  /** The client's end. */
  readonly stream: Duplex;
  /** What it is served for, in the words of errors: `REQ-1042`. */
  readonly name: string;
  readonly database: string;
  /** Signs in at the server with what the client asks for. Rejects with an Unserved or a ServerRefusal. */
  readonly connect: (parameters: ReadonlyMap<string, string>) => Promise<ServerSession>;
  readonly cancel: (packet: Buffer) => Promise<void>;
  /**
   * Told of each statement before the server is, several at a time, in their order. It resolves when the statement may pass,
   * to an error when the client is to get that instead; an Unserved that it rejects with ends the session.
   */
  readonly statement: (statement: Statement) => Promise<Refusal | undefined>;
  /** Told how many runs of prepared statements have passed. */
  readonly executions?: (count: number) => void;
  /** Between statements, and between those of a transaction, a client may be silent for so long; in ms. */
  readonly idle: {
    readonly session: number;
    readonly transaction: number;
    /** What the server says of the session of that pid. */
    readonly isIdle: (pid: number) => Promise<boolean>;
  };
  /** Ends the session; an Unserved as its reason is told to the client. */
  readonly signal: AbortSignal;
}

/** What the client is told of it, in words or as the server has told it; undefined for what is not for the client to know. */
export function complaintOf(error: unknown): Omit<Complaint, 'severity'> | Buffer | undefined {
  if (error instanceof ServerRefusal) return error.response;
  if (error instanceof Unserved) return error.complaint;
  if (error instanceof ProtocolError)
    return { code: '08P01', message: `Guichet does not understand the client: ${error.message}.` };
  return undefined;
}

/** So long a client may take to read what is still on its way. */
const FINISH_MS = 10_000;

/** Writes what there is still to say, and waits until it is on its way. */
export async function finish(stream: Duplex, bytes?: Buffer): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return;
  await new Promise<void>((done) => {
    const limit = setTimeout(done, FINISH_MS);
    const end = (): void => {
      clearTimeout(limit);
      done();
    };
    stream.once('close', end);
    if (bytes === undefined) stream.end(end);
    else stream.end(bytes, end);
  });
}
