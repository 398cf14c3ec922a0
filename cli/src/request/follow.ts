import { formatDuration, GuichetError, type Request, type RequestEvent } from '@guichet/contract';
import { Interrupted } from '../context.ts';
import { fit } from '../output/width.ts';
import type { Shell } from '../shell.ts';
import { eventText } from './event-text.ts';

export interface FollowOptions {
  /** Number of the last event that need not be shown. */
  readonly after: number;
  /** Seconds after which waiting, not the request, ends; for ever when absent. */
  readonly timeout?: number | undefined;
}

/**
 * Shows the events of a request on stderr until it has ended, or until nobody but a person can say how it did, and gives
 * it as it is then. Throws Interrupted on Ctrl-C and `wait.timeout` when the time is over; the request goes on in both.
 */
export async function followRequest(shell: Shell, request: Request, { after, timeout }: FollowOptions): Promise<Request> {
  const client = await shell.client();
  const { context } = shell;
  const limit = timeout === undefined ? undefined : AbortSignal.timeout(timeout * 1000);
  const signal = limit === undefined ? context.interrupt : AbortSignal.any([context.interrupt, limit]);
  const lines = new EventLines(shell);
  let waits = request.state === 'awaiting_approval';
  const show = (): Promise<Request> => client.call('requests.show', { params: { request: request.id }, signal });
  try {
    const onConnection = (status: 'cut' | 'resumed'): void => lines.connection(status);
    for await (const event of client.watch(request.id, { after, through: request.lastEvent, signal, onConnection })) {
      lines.show(event);
      if (event.type === 'request.queued') waits = false;
      // Nobody will ever say how it ended, unless that was said meanwhile.
      if (event.type === 'request.lost' && event.data['observable'] !== true && (await show()).state === 'unknown') break;
    }
    return await show();
  } catch (error) {
    if (context.interrupt.aborted) throw new Interrupted(goesOn(request.id, waits ? 'withdraw' : 'cancel'));
    if (limit?.aborted === true)
      throw new GuichetError('wait.timeout', `${request.id} has not ended after ${formatDuration(timeout ?? 0)}. It goes on.`, {
        remedy: `guichet requests watch ${request.id} follows it.`,
      });
    throw error;
  } finally {
    lines.finish();
  }
}

function goesOn(id: string, stop: 'withdraw' | 'cancel'): string {
  return [
    `No longer watching. ${id} goes on without you.`,
    `  ${`guichet requests watch ${id}`.padEnd(32)}  follows it again`,
    `  ${`guichet requests ${stop} ${id}`.padEnd(32)}  stops it`,
  ].join('\n');
}

const ENDS: ReadonlySet<string> = new Set<RequestEvent['type']>([
  'request.succeeded',
  'request.failed',
  'request.cancelled',
  'request.rejected',
  'request.withdrawn',
  'request.expired',
  'request.voided',
]);

/** Events as lines; on a terminal, progress stays on one line of its own that is drawn over. */
class EventLines {
  readonly #shell: Shell;
  #progress = false;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  show(event: RequestEvent): void {
    const { context, aside } = this.#shell;
    // How it ended is the result of the command; here it would be said twice.
    if (!this.#shell.forPrograms && ENDS.has(event.type)) return;
    const text = eventText(event, { paint: aside, now: context.now() });
    if (text === undefined) return;
    this.finish();
    if (event.type === 'run.progress' && context.stderr.isTTY === true) {
      context.stderr.write(fit(text, (context.stderr.columns ?? 80) - 1));
      this.#progress = true;
    } else this.#shell.say(text);
  }

  connection(status: 'cut' | 'resumed'): void {
    this.finish();
    this.#shell.say(
      this.#shell.aside.yellow(
        status === 'cut' ? 'The connection to the gateway was cut; the request goes on. Connecting again …' : 'Connected again.',
      ),
    );
  }

  /** Clears the line of progress. */
  finish(): void {
    if (this.#progress) this.#shell.context.stderr.write('\r\u001b[2K');
    this.#progress = false;
  }
}
