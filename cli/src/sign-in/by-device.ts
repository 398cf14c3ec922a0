import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@guichet/client';
import { type DeviceStarted, ERRORS, GuichetError, type SessionTokens } from '@guichet/contract';
import { Interrupted } from '../context.ts';
import { clean } from '../output/clean.ts';
import type { Shell } from '../shell.ts';
import { hostName } from './client-name.ts';

/** How much longer to wait between two questions when the gateway says that they come too often (RFC 8628, 3.5). */
const SLOWER_SECONDS = 5;

/** Signs in with a browser anywhere (RFC 8628): the person opens a page, compares a code, and allows it. */
export async function signInByDevice(shell: Shell, client: Client): Promise<SessionTokens> {
  const { interrupt } = shell.context;
  const started = await client.call('sign_in.device', { body: { client: 'guichet', host: hostName() }, signal: interrupt });
  showCode(shell, started);
  const countdown = new Countdown(shell, started.expiresIn);
  try {
    return await poll(shell, client, started);
  } catch (error) {
    if (interrupt.aborted) throw new Interrupted('Not signed in.');
    throw error;
  } finally {
    countdown.end();
  }
}

function showCode(shell: Shell, { userCode, verificationUri, verificationUriComplete }: DeviceStarted): void {
  const { aside } = shell;
  const code = clean(userCode);
  const rule = '─'.repeat(code.length + 6);
  shell.say(
    [
      'To sign in, open this page in a browser, here or on any other device:',
      '',
      `  ${aside.cyan(clean(verificationUriComplete))}`,
      '',
      `and allow it if it shows this code (${clean(verificationUri)} asks for it):`,
      '',
      `  ┌${rule}┐`,
      `  │   ${aside.bold(code)}   │`,
      `  └${rule}┘`,
      '',
    ].join('\n'),
  );
}

async function poll(shell: Shell, client: Client, { deviceCode, expiresIn, interval }: DeviceStarted): Promise<SessionTokens> {
  const { interrupt } = shell.context;
  const until = performance.now() + expiresIn * 1000;
  let seconds = interval;
  for (;;) {
    await sleep(seconds * 1000, undefined, { signal: interrupt });
    try {
      return await client.call('sign_in.token', { body: { grant: 'device_code', deviceCode }, signal: interrupt });
    } catch (error) {
      if (!(error instanceof GuichetError)) throw error;
      if (error.code === 'sign_in.slow_down') seconds += SLOWER_SECONDS;
      else if (!ERRORS[error.code].retryable) throw told(error);
      // A gateway that is away for a moment is asked again: the person may be in the middle of it.
      if (performance.now() > until) throw told(new GuichetError('sign_in.expired', '', { cause: error }));
    }
  }
}

function told(error: GuichetError): GuichetError {
  const remedy = 'Run guichet login again.';
  if (error.code === 'sign_in.denied')
    return new GuichetError('sign_in.denied', 'The sign-in was denied in the browser.', {
      remedy: 'If that was a mistake, run guichet login again.',
    });
  if (error.code === 'sign_in.expired')
    return new GuichetError('sign_in.expired', 'Nobody allowed it in time: the code has expired.', { remedy });
  return error;
}

/** How long the code is still good: one line that changes on a terminal, said once elsewhere. */
class Countdown {
  readonly #shell: Shell;
  readonly #until: number;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(shell: Shell, seconds: number) {
    this.#shell = shell;
    this.#until = performance.now() + seconds * 1000;
    if (shell.context.stderr.isTTY === true) {
      this.#draw();
      this.#timer = setInterval(() => this.#draw(), 1000);
    } else shell.say(`Waiting; the code is good for ${this.#left()}.`);
  }

  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#shell.context.stderr.write('\r\u001b[K');
  }

  #draw(): void {
    this.#shell.context.stderr.write(`\r\u001b[K${this.#shell.aside.dim(`Waiting … ${this.#left()} left; Ctrl-C gives up`)}`);
  }

  #left(): string {
    const seconds = Math.max(0, Math.round((this.#until - performance.now()) / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
