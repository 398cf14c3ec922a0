import {
  type Choice,
  GuichetError,
  type Observation,
  type Output,
  type Plan,
  type ProviderFailure,
  type RunMessage,
  SECRET_MARKER,
} from '@guichet/contract';
import { type ScrubbedStream, Scrubber, type SecretValue } from '@guichet/contract/secrets';

/** What a file becomes in which a secret was found: the letters of base64 with a hole in them are no file. */
const WITHHELD = Buffer.from(`${SECRET_MARKER} This file held a secret of the input and is not shown.\n`).toString('base64');

/** About whom a complaint is made. */
export interface ProviderName {
  readonly provider: string;
  readonly team: string;
}

/** Takes the secrets of a call out of all that the provider says about it, before anybody else reads a word. */
export class Discretion {
  readonly #scrubber: Scrubber;
  readonly #about: ProviderName;

  private constructor(values: readonly unknown[], about: ProviderName) {
    this.#scrubber = new Scrubber(values);
    this.#about = about;
  }

  /** Undefined when there is nothing to keep back. */
  static of(secrets: readonly SecretValue[], about: ProviderName): Discretion | undefined {
    return secrets.length === 0
      ? undefined
      : new Discretion(
          secrets.map(({ value }) => value),
          about,
        );
  }

  /** What tells plans apart and what the run is given back are stored as they are: with a secret in them it is refused. */
  plan(plan: Plan): Plan {
    const { fingerprint, seen, resource, ...words } = plan;
    for (const [name, value] of Object.entries({ fingerprint, seen, resource }))
      if (this.#scrubber.finds(value)) throw this.#indiscreet(name);
    return { ...this.#scrubber.scrubJson(words), fingerprint, resource, ...('seen' in plan && { seen }) };
  }

  output(output: Output): Output {
    const shown = this.#scrubber.scrubJson(output);
    return output.kind === 'file' && shown.kind === 'file' && shown.base64 !== output.base64
      ? { ...shown, base64: WITHHELD }
      : shown;
  }

  observation(observation: Observation): Observation {
    return observation.status === 'succeeded'
      ? { ...observation, ...this.#undoInput(observation), output: this.output(observation.output) }
      : this.#scrubber.scrubJson(observation);
  }

  choices(choices: Choice[]): Choice[] {
    return this.#scrubber.scrubJson(choices);
  }

  failure(failure: ProviderFailure): ProviderFailure {
    return this.#scrubber.scrubJson(failure);
  }

  /** What is thrown, with all that hangs on it: causes and stacks reach the log. */
  error(error: unknown): unknown {
    return this.#scrubber.scrubError(error);
  }

  /** The messages of a run. Lines of its log are read as one text, and so is what it says of its progress. */
  messages(messages: AsyncIterable<RunMessage>): AsyncIterable<RunMessage> {
    const streams = { lines: this.#scrubber.stream(), progress: this.#scrubber.stream() };
    const said = messages[Symbol.asyncIterator]();
    // No generator: while one waits for a message its return() waits too, and would not reach the provider.
    const iterator: AsyncIterator<RunMessage> = {
      next: async () => {
        const next = await said.next().catch((error: unknown) => {
          throw this.error(error);
        });
        return next.done === true ? next : { done: false, value: this.#message(next.value, streams) };
      },
      return: async () => {
        await said.return?.();
        return { done: true, value: undefined };
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  #message(message: RunMessage, { lines, progress }: { lines: ScrubbedStream; progress: ScrubbedStream }): RunMessage {
    switch (message.type) {
      case 'log':
        return { ...message, message: lines.push(message.message) };
      case 'progress':
        return message.message === undefined ? message : { ...message, message: progress.push(message.message) };
      case 'result':
        return { ...message, ...this.#undoInput(message), output: this.output(message.output) };
      case 'failure':
        return { ...message, failure: this.failure(message.failure) };
      case 'heartbeat':
        return message;
    }
  }

  /** With a secret in it, it undoes nothing any more: whoever takes it refuses what stands in place of a secret. */
  #undoInput({ undoInput }: { undoInput?: Record<string, unknown> | undefined }): { undoInput?: Record<string, unknown> } {
    return undoInput === undefined ? {} : { undoInput: this.#scrubber.scrubJson(undoInput) };
  }

  #indiscreet(name: string): GuichetError {
    const { provider, team } = this.#about;
    const message = `The plan of provider '${provider}' holds a secret of the input in '${name}', which is stored and shown.`;
    return new GuichetError('provider.protocol', message, {
      remedy: `Choose a secret that is not the name of something; else ask team '${team}': a plan tells that a secret is set, never which.`,
    });
  }
}
