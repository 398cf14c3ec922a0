import type { GuichetError, RequestEvent } from '@guichet/contract';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { asProblem, gateway } from '../../../api/gateway.ts';
import { session } from '../../../api/session.ts';
import { useOnline, useSeen } from '../../../app/online.ts';

export interface LogLine {
  readonly number: number;
  readonly at: string;
  readonly level: string;
  readonly message: string;
}

export interface Progress {
  readonly done?: number;
  readonly total?: number;
  readonly message?: string;
}

/** What is known of a request from its events. */
export interface Followed {
  /** What happened to it, oldest first; without what its run says. */
  readonly events: readonly RequestEvent[];
  readonly log: readonly LogLine[];
  readonly progress: Progress | undefined;
  /** `cut`: it connects again by itself. `failed`: it does not, `problem` says why. */
  readonly connection: 'connecting' | 'live' | 'cut' | 'ended' | 'failed';
  readonly problem: GuichetError | undefined;
}

const NOTHING: Followed = { events: [], log: [], progress: undefined, connection: 'connecting', problem: undefined };

/** A run may write a line a millisecond: the page is drawn for many of them at once. */
const BATCH_MS = 60;

/** The events of one request, each once and in order, across cuts; kept as long as its page is open. */
class RequestFollower {
  readonly #request: string;
  readonly #onEvent: (event: RequestEvent) => void;
  readonly #listeners = new Set<() => void>();
  #followed = NOTHING;
  #fresh: RequestEvent[] = [];
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #run: AbortController | undefined;

  constructor(request: string, onEvent: (event: RequestEvent) => void) {
    this.#request = request;
    this.#onEvent = onEvent;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly followed = (): Followed => this.#followed;

  /** Follows it from where it stands, unless that is so already; what has ended is followed again when there is more of it. */
  start(through: number): void {
    if (this.#run !== undefined || (this.#followed.connection === 'ended' && through <= this.#last)) return;
    const run = new AbortController();
    this.#run = run;
    void this.#follow(run, through);
  }

  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
    this.#flush();
  }

  /** There is no network: what is open is given up at once, and begun again from where it stands when there is one. */
  cut(): void {
    if (this.#run === undefined) return;
    this.stop();
    this.#say('cut');
  }

  async #follow(run: AbortController, through: number): Promise<void> {
    const { signal } = run;
    try {
      this.#say(this.#last === 0 ? 'connecting' : 'live');
      const onConnection = (status: 'cut' | 'resumed'): void => this.#say(status === 'cut' ? 'cut' : 'live');
      for await (const event of gateway.watch(this.#request, { after: this.#last, through, signal, onConnection })) {
        if (run !== this.#run) return;
        this.#last = event.number;
        this.#fresh.push(event);
        this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
        this.#onEvent(event);
      }
      this.#end(run, 'ended');
    } catch (error) {
      if (!signal.aborted) this.#end(run, 'failed', asProblem(error));
    }
  }

  #end(run: AbortController, connection: 'ended' | 'failed', problem?: GuichetError): void {
    if (run !== this.#run) return;
    this.#run = undefined;
    this.#flush();
    this.#say(connection, problem);
  }

  #say(connection: Followed['connection'], problem?: GuichetError): void {
    this.#publish({ ...this.#followed, connection, problem });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const fresh = this.#fresh.splice(0);
    if (fresh.length === 0) return;
    const { events, log, progress } = this.#followed;
    this.#publish({
      ...this.#followed,
      connection: this.#followed.connection === 'connecting' ? 'live' : this.#followed.connection,
      events: [...events, ...fresh.filter(({ type }) => type !== 'run.log' && type !== 'run.progress')],
      log: [...log, ...fresh.filter(({ type }) => type === 'run.log').map(lineOf)],
      progress: progressOf(fresh.findLast(({ type }) => type === 'run.progress')) ?? progress,
    });
  }

  #publish(followed: Followed): void {
    this.#followed = followed;
    for (const listener of this.#listeners) listener();
  }
}

function lineOf({ number, at, data }: RequestEvent): LogLine {
  return { number, at, level: String(data['level'] ?? 'info'), message: String(data['message'] ?? '') };
}

function progressOf(event: RequestEvent | undefined): Progress | undefined {
  if (event === undefined) return undefined;
  const { done, total, message } = event.data;
  return {
    ...(typeof done === 'number' && { done }),
    ...(typeof total === 'number' && total > 0 && { total }),
    ...(typeof message === 'string' && message !== '' && { message }),
  };
}

interface FollowOptions {
  readonly request: string;
  /** Number of the latest event that is known to be there. */
  readonly lastEvent: number;
  /** Told of each event as it comes. The first that is given stays. */
  readonly onEvent: (event: RequestEvent) => void;
}

/** Follows a request for as long as the component is there. Use it under a `key` of the request. */
export function useFollowed({ request, lastEvent, onEvent }: FollowOptions): Followed & { readonly retry: () => void } {
  const [follower] = useState(() => new RequestFollower(request, onEvent));
  const followed = useSyncExternalStore(follower.subscribe, follower.followed);
  const standing = useSyncExternalStore(session.subscribe, session.standing);
  useEffect(() => () => follower.stop(), [follower]);
  const isOnline = useOnline();
  const isSeen = useSeen();
  useEffect(() => {
    // Without a session or a network nothing comes; it goes on once there is one again. A browser has few connections: a tab
    // that nobody sees gives its one back.
    if (!isOnline) follower.cut();
    else if (!isSeen) follower.stop();
    else if (standing === 'signed-in') follower.start(lastEvent);
  }, [follower, lastEvent, standing, isOnline, isSeen]);
  return { ...followed, retry: () => follower.start(lastEvent) };
}
