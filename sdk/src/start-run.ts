import { GuichetError, Output, type OutputKind } from '@guichet/contract';
import type { z } from 'zod';
import type { LogLevel, Progress, ReadContext, ReadDefinition, RunContext, WriteDefinition } from './action.ts';
import { badAnswer, parseAnswer } from './call-values.ts';
import { errorOf, failureOf, type HandlerSite, isRefusal } from './handler-errors.ts';
import { inHandlerSpan } from './handler-span.ts';
import type { RunEnd } from './run-record.ts';
import type { RunStream } from './run-stream.ts';

/** Longer log messages are cut, in UTF-16 units. */
const MAX_LOG = 16_384;

type Given<Context> = Omit<Context, 'log' | 'progress' | 'signal'>;
type AnyRead = ReadDefinition<z.ZodObject, OutputKind>;
type AnyWrite = WriteDefinition<z.ZodObject, OutputKind, unknown>;

interface Start<Definition, Context> {
  readonly stream: RunStream;
  readonly site: HandlerSite;
  readonly definition: Definition;
  readonly context: Given<Context>;
}

interface StartWrite extends Start<AnyWrite, RunContext<z.ZodObject, unknown>> {
  /** Called when the handler has ended, before the stream says so: writes the end down, and puts the receipt to it. */
  readonly settle: (last: RunEnd | undefined) => Promise<RunEnd | undefined>;
  /** What undoes a run that ended with this output. */
  readonly undoInput: (output: Output) => Record<string, unknown> | undefined;
}

/** Enters the handler of a read. As long as it has said nothing, a refusal or a broken answer is an error, not a stream. */
export function startRead({ stream, site, definition, context }: Start<AnyRead, ReadContext<z.ZodObject>>): RunStream {
  const full = { ...context, ...voice(stream), signal: stream.signal };
  enter(stream, () => inHandlerSpan(site, context.environment, async () => definition.run(full))).then(
    (value) => {
      try {
        stream.end({ type: 'result', output: parseOutput(value, site) });
      } catch (error) {
        failRead(error, site, stream);
      }
    },
    (error) => failRead(error, site, stream),
  );
  return stream;
}

function failRead(error: unknown, site: HandlerSite, stream: RunStream): void {
  const answerable = isRefusal(error) || (error instanceof GuichetError && error.code === 'provider.protocol');
  if (answerable && !stream.spoken) stream.fail(isRefusal(error) ? errorOf(error, site, stream.signal) : error);
  else stream.end({ type: 'failure', failure: failureOf(error, site, stream.signal) });
}

/** Enters the handler of a write. From here on only the stream speaks of it. */
export function startWrite({ stream, site, definition, context, settle, undoInput }: StartWrite): RunStream {
  const full = { ...context, ...voice(stream), signal: stream.signal };
  enter(stream, () => inHandlerSpan(site, context.environment, async () => definition.run(full)))
    .then(
      (value): RunEnd | undefined => {
        try {
          const output = parseOutput(value, site);
          const undo = undoInput(output);
          return { type: 'result', output, ...(undo !== undefined && { undoInput: undo }) };
        } catch (error) {
          // The handler came to its end, so the effect has very likely happened: calling it failed would be a lie.
          // A stream that ends without a result leaves the run unknown, and observe or a person settles it.
          const message = error instanceof Error ? error.message : String(error);
          stream.push({ type: 'log', level: 'error', message: `${message}. The effect of the run is not known from this.` });
          return undefined;
        }
      },
      (error): RunEnd => ({ type: 'failure', failure: failureOf(error, site, stream.signal) }),
    )
    .then(settle)
    .then((last) => stream.end(last));
  return stream;
}

/**
 * Lets the caller have its stream before the handler starts, so that both transports see the same order. A run that was
 * cancelled on its way here is not begun.
 */
async function enter<Value>(stream: RunStream, handler: () => Promise<Value>): Promise<Value> {
  await Promise.resolve();
  stream.signal.throwIfAborted();
  return handler();
}

function parseOutput(value: unknown, site: HandlerSite): Output {
  const output = parseAnswer(Output, value, site);
  if (output.kind === site.action.output) return output;
  throw badAnswer(`the output is a '${output.kind}', and the action declares a '${site.action.output}'`, site);
}

function voice(stream: RunStream): Pick<ReadContext<z.ZodObject>, 'log' | 'progress'> {
  return {
    log(message: string, level: LogLevel = 'info') {
      const text = String(message);
      stream.push({ type: 'log', level, message: text.length > MAX_LOG ? `${text.slice(0, MAX_LOG)}…` : text });
    },
    progress({ message, done, total }: Progress) {
      stream.push({
        type: 'progress',
        ...(message !== undefined && { message }),
        ...(Number.isFinite(done) && { done: done as number }), // isFinite has just said so
        ...(Number.isFinite(total) && { total: total as number }),
      });
    },
  };
}
