import type { Duplex } from 'node:stream';
import type {
  Choice,
  Lasts,
  Observation,
  Output,
  OutputInput,
  OutputKind,
  PlanInput,
  Risk,
  TunnelEvent,
} from '@guichet/contract';
import type { z } from 'zod';

/** Who asked. `id` is `user:NAME` or `machine:NAME`. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly teams: readonly string[];
}

export interface Approver {
  readonly id: string;
  readonly name: string;
}

export type LogLevel = 'info' | 'warn' | 'error';

/** How far a run is. `done` and `total` are in whatever unit the message names. */
export interface Progress {
  readonly message?: string | undefined;
  readonly done?: number | undefined;
  readonly total?: number | undefined;
}

type Awaitable<Value> = Value | Promise<Value>;
type OutputOf<Kind extends OutputKind> = Extract<OutputInput, { kind: Kind }>;
/** What a handler of `observe` gives back: an Observation whose output may leave defaulted fields out. */
export type ObservationInput = z.input<typeof Observation>;

export interface OptionsContext<Input extends z.ZodObject> {
  /** What was filled in so far. A field that is missing, or not valid yet, is absent. */
  readonly input: Partial<z.output<Input>>;
  /** What was typed so far into the field; empty at first. Filtering by it is up to the action, and optional. */
  readonly query: string;
  readonly environment: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export interface PlanContext<Input extends z.ZodObject> {
  readonly input: z.output<Input>;
  readonly environment: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** What `plan` gives back. Without a fingerprint the digest of `seen` is used, so one of the two is needed. */
export type PlanResult<Seen> = Omit<PlanInput, 'fingerprint' | 'seen'> & {
  readonly fingerprint?: string;
  /** What the plan saw; plain JSON. It is frozen in the request and given to `run` and `observe` as it was. */
  readonly seen?: Seen;
};

export interface ReadContext<Input extends z.ZodObject> extends PlanContext<Input> {
  log(message: string, level?: LogLevel): void;
  progress(progress: Progress): void;
}

export interface RunContext<Input extends z.ZodObject, Seen> extends ReadContext<Input> {
  readonly seen: Seen;
  readonly approvers: readonly Approver[];
  /** Id of the request, e.g. `REQ-1042`. */
  readonly request: string;
  /** Id of this run. Key the effect by it where the target allows, and look it up in `observe`. */
  readonly runId: string;
}

export interface ObserveContext<Input extends z.ZodObject, Seen> {
  readonly input: z.output<Input>;
  readonly seen: Seen;
  readonly environment: string;
  /** Id of the request, e.g. `REQ-1042`. */
  readonly request: string;
  readonly runId: string;
  readonly signal: AbortSignal;
}

export interface UndoContext<Input extends z.ZodObject, Kind extends OutputKind, Seen> {
  readonly input: z.output<Input>;
  readonly output: Extract<Output, { kind: Kind }>;
  /** What the plan saw: what was there before, if the plan has looked at it. */
  readonly seen: Seen;
  readonly environment: string;
  /** Id of the request that is undone, e.g. `REQ-1042`. */
  readonly request: string;
  readonly runId: string;
}

/** What undoes a run: an action of the same provider, and the input with which it undoes just this run. */
export interface Undo<Input extends z.ZodObject, Kind extends OutputKind, Seen> {
  /** Name of the action inside the provider. It must be a write without secret fields. */
  readonly action: string;
  /** Asked when a run has succeeded, also when that was only observed. Undefined when this run left nothing to undo. */
  readonly input: (context: UndoContext<Input, Kind, Seen>) => Readonly<Record<string, unknown>> | undefined;
}

/** One connection of whoever asked, or a hold: it carries no bytes, and says that somebody still uses what they asked for. */
export interface TunnelContext<Input extends z.ZodObject, Kind extends OutputKind, Seen> extends PlanContext<Input> {
  readonly seen: Seen;
  /** What the run gave. Absent where the gateway does not know it: a person has settled the run. */
  readonly output: Extract<Output, { kind: Kind }> | undefined;
  readonly approvers: readonly Approver[];
  /** Id of the request, e.g. `REQ-1042`, and of its run. */
  readonly request: string;
  readonly runId: string;
  /** The bytes of the client: read what it sends, write what it is to get. Nothing comes over a hold. */
  readonly stream: Duplex;
  readonly hold: boolean;
  /**
   * Writes an event, e.g. a statement, to the audit log: masked, in one line, at most 16,384 characters. Resolves when
   * it is committed; when it rejects, what it tells of must not happen.
   */
  record(event: TunnelEvent): Promise<void>;
  /** Aborted when the tunnel is over: the client has left, the request was undone, the provider stops. */
  readonly signal: AbortSignal;
}

export type OptionsHandler<Input extends z.ZodObject> = (context: OptionsContext<Input>) => Awaitable<readonly Choice[]>;

interface Description<Input extends z.ZodObject, Kind extends OutputKind> {
  readonly title: string;
  readonly description?: string;
  readonly risk: Risk;
  /** The order of the fields is the order of flags and form fields. Fields that it does not name are always refused. */
  readonly input: Input;
  readonly output: Kind;
  /** Where the action is offered; everywhere when absent. */
  readonly environments?: readonly string[];
  /** The least that approvers must be; the policy of the gateway can only tighten it. */
  readonly approval?: { readonly team: string; readonly count?: number };
  /** Running it twice has the effect of running it once. Only such runs are ever retried by themselves. */
  readonly idempotent?: boolean;
  /** After so many seconds the run's signal is aborted. 60 when absent. */
  readonly timeoutSeconds?: number;
  readonly examples?: readonly { readonly title: string; readonly input: z.input<Input> }[];
  /** Live choices for fields of the input. */
  readonly options?: { readonly [Field in keyof z.output<Input>]?: OptionsHandler<Input> };
}

/** A read answers at once and changes nothing. */
export interface ReadDefinition<Input extends z.ZodObject, Kind extends OutputKind> extends Description<Input, Kind> {
  readonly kind: 'read';
  readonly run: (context: ReadContext<Input>) => Awaitable<OutputOf<NoInfer<Kind>>>;
  readonly plan?: never;
  readonly observe?: never;
  readonly undo?: never;
  readonly tunnel?: never;
  readonly lasts?: never;
}

/** A write is planned, approved and then run once. Put `plan` before `run`: the type of `seen` is inferred from it. */
export interface WriteDefinition<Input extends z.ZodObject, Kind extends OutputKind, Seen> extends Description<Input, Kind> {
  readonly kind: 'write';
  /** Says in words what would change. It must change nothing; it is made again before the run. */
  readonly plan: (context: PlanContext<Input>) => Awaitable<PlanResult<Seen>>;
  readonly run: (context: RunContext<Input, Seen>) => Awaitable<OutputOf<NoInfer<Kind>>>;
  /** Says what became of a run whose end nobody saw. Without it, such a run must be settled by a person. */
  readonly observe?: (context: ObserveContext<Input, Seen>) => Awaitable<ObservationInput>;
  /** How a run can be undone. Only such actions can be asked for a while (`--for 2h`). */
  readonly undo?: Undo<Input, NoInfer<Kind>, Seen>;
  /** In seconds: what it does is always undone in the end, after `default` where the request does not say, `most` at most. */
  readonly lasts?: Lasts;
  /**
   * Of an action whose output is a `connection`: carries one connection of whoever asked for it, once the request has
   * succeeded. It settles when that is over, and by then has closed what it opened; it is over when `stream` ends, or
   * `signal` is aborted. It is called for each connection, and for each hold.
   */
  readonly tunnel?: (context: TunnelContext<Input, NoInfer<Kind>, Seen>) => Awaitable<void>;
}

/** An action of any input and output, as the provider holds it. */
export type AnyDefinition = ReadDefinition<z.ZodObject, OutputKind> | WriteDefinition<z.ZodObject, OutputKind, unknown>;

export interface ProviderAction {
  readonly name: string;
  readonly definition: AnyDefinition;
}

/**
 * One action: a typed operation that people and machines can call through the gateway.
 * `name` is unique in the provider: lower-case words joined by hyphens, groups joined by dots (`topics.delete`).
 * The definition is checked by `defineProvider`.
 */
export function action<Input extends z.ZodObject, Kind extends OutputKind, Seen = unknown>(
  name: string,
  definition: ReadDefinition<Input, Kind> | WriteDefinition<Input, Kind, Seen>,
): ProviderAction {
  // The provider only ever calls the handlers with input that this very schema has parsed, and with the `seen`
  // that this very plan has made, so forgetting the two types here cannot mix them up.
  return { name, definition: definition as unknown as AnyDefinition };
}
