import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { Manifest } from './action.ts';
import { Output } from './output.ts';
import type { Plan } from './plan.ts';
import type { LedgerPage, LedgerQuery } from './receipt.ts';

/** The provider protocol, version 1: docs/spec/provider-protocol.md. */
export const PROTOCOL_VERSION = 1;
export const PROTOCOL_PATH = '/guichet/v1';

/** Those that are called by POST, each the last word of its path. */
export const PHASES = ['options', 'plan', 'run', 'cancel', 'observe'] as const;
export type Phase = (typeof PHASES)[number] | 'tunnel';

/** The body of every call of an action. Members that a phase does not use are absent. */
export const CallBody = z.strictObject({
  environment: z.string(),
  input: z.record(z.string(), z.unknown()).describe('Whole for plan, run, observe and tunnel; partial for options'),
  field: z.string().optional().describe('options: the field to list choices for'),
  query: z.string().optional().describe('options: what was typed so far'),
  seen: z.unknown().optional().describe('run, observe, tunnel: what the approved plan saw'),
  output: Output.optional().describe('tunnel: what the run gave'),
  hold: z.boolean().optional().describe('tunnel: it carries no bytes; it says that somebody still uses the connection'),
});
export type CallBody = z.infer<typeof CallBody>;

const actor = z.object({ id: z.string(), name: z.string() });

/** The claims of a grant: a PASETO v4.public token in `Authorization: Bearer`, key id in the footer `{"kid":...}`. */
export const GrantClaims = z.object({
  jti: z.string().describe('Unique; the run of a write is accepted once for it'),
  iss: z.string(),
  aud: z.string().describe('Name of the provider'),
  iat: z.iso.datetime({ offset: true }),
  exp: z.iso.datetime({ offset: true }).describe('60 seconds after iat'),
  phase: z.enum([...PHASES, 'tunnel', 'ledger']),
  action: z.string().describe('Name inside the provider'),
  version: z.string().describe('Version of the action that was planned and approved'),
  environment: z.string(),
  caller: actor.extend({ teams: z.array(z.string()) }),
  approvers: z.array(actor),
  request: z.string().nullable().describe('REQ-...; null for reads, options and plans'),
  run: z.string().nullable().describe('Id of the run; the same for its observe'),
  body: z.string().describe('sha256 digest of the canonical JSON of the body: covers the input'),
});
export type GrantClaims = z.infer<typeof GrantClaims>;

/** How a provider says that a run did not succeed. */
export const ProviderFailure = z.object({
  kind: z.enum(['retryable', 'permanent', 'cancelled']),
  message: z.string(),
  remedy: z.string().optional(),
});
export type ProviderFailure = z.infer<typeof ProviderFailure>;

const undoInput = z
  .record(z.string(), z.unknown())
  .optional()
  .describe('Input of the undo action of the manifest, with which it undoes just this run; absent when there is nothing to undo');

const receipt = z.string().max(8192).optional().describe('Signed by the provider: a PASETO v4.public token of ReceiptClaims');

/** One line of the stream of a run. `result` or `failure` is the last one; without either the run is `unknown`. */
export const RunMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('log'), level: z.enum(['info', 'warn', 'error']).default('info'), message: z.string() }),
  z.object({
    type: z.literal('progress'),
    message: z.string().optional(),
    done: z.number().optional(),
    total: z.number().optional(),
  }),
  z.object({ type: z.literal('heartbeat') }),
  z.object({ type: z.literal('result'), output: Output, undoInput, receipt }),
  z.object({ type: z.literal('failure'), failure: ProviderFailure, receipt }),
]);
export type RunMessage = z.infer<typeof RunMessage>;

/** What became of a run whose end nobody saw. */
export const Observation = z.discriminatedUnion('status', [
  z.object({ status: z.literal('succeeded'), output: Output, undoInput, receipt }),
  z.object({ status: z.literal('failed'), failure: ProviderFailure, receipt }),
  z.object({ status: z.literal('not_started') }),
  z.object({ status: z.literal('running') }),
  z.object({ status: z.literal('unknown'), message: z.string().optional() }),
]);
export type Observation = z.infer<typeof Observation>;

/** `running` is false where the run is not, or not yet, known. */
export const CancelAnswer = z.object({ running: z.boolean() });

export const Choice = z
  .object({ value: z.union([z.string(), z.number()]), label: z.string().optional(), detail: z.string().optional() })
  .meta({ id: 'Choice' });
export type Choice = z.infer<typeof Choice>;
export const Choices = z.object({ choices: z.array(Choice) });

/** What a tunnel tells for the audit log, e.g. a statement; written down before what it tells of happens. */
export const TunnelEvent = z.object({
  summary: z.string().min(1).max(16_384).describe('In one line, masked: it is kept and shown'),
  details: z.record(z.string(), z.unknown()).optional().describe('More facts, 16 KiB of JSON at most'),
});
export type TunnelEvent = z.infer<typeof TunnelEvent>;

/** One call of a provider: what it is asked, the permission for it, and the signal that ends it. */
export interface ProviderCall {
  readonly body: CallBody;
  readonly grant: GrantClaims;
  /** Ends the call hard: the connection is closed. What a run did by then is unknown. */
  readonly signal: AbortSignal;
  /**
   * run: asks the handler to stop and say how it ended (over HTTP: phase `cancel`, sent beside the open stream).
   * The stream then ends as ever, with `result` or a `failure`, normally of kind `cancelled`.
   */
  readonly cancel?: AbortSignal | undefined;
}

/** A call of the phase `tunnel`. */
export interface TunnelCall extends ProviderCall {
  /** Takes the tunnel: everything was checked. The bytes of the client; ended or destroyed, the tunnel is over. */
  accept(): Promise<Duplex>;
  /** Resolves when the event is committed to the audit log; rejects when it is not, and then it must not happen. */
  record(event: TunnelEvent): Promise<void>;
}

/** A call of the ledger. Its grant has the phase `ledger`, the action `*`, and the digest of the query as `body`. */
export interface LedgerCall {
  readonly query: LedgerQuery;
  readonly grant: GrantClaims;
  readonly signal: AbortSignal;
}

/**
 * A provider as the gateway sees it, over HTTP or mounted in its process. Each method rejects with a
 * GuichetError: `provider.*`, `grant.*`, `action.refused`, `action.unknown` or `input.invalid`.
 */
export interface ProviderEndpoint {
  manifest(signal?: AbortSignal): Promise<Manifest>;
  options(call: ProviderCall): Promise<Choice[]>;
  plan(call: ProviderCall): Promise<Plan>;
  /** Ends after `result` or `failure`; an end without either, or a rejection, leaves the effect unknown. */
  run(call: ProviderCall): AsyncIterable<RunMessage>;
  observe(call: ProviderCall): Promise<Observation>;
  /** Which grants it has used. Absent: it cannot be asked, or keeps none. */
  ledger?(call: LedgerCall): Promise<LedgerPage>;
  /** Resolves when the tunnel is over. A rejection before `accept` was called means that it was not opened. */
  tunnel?(call: TunnelCall): Promise<void>;
}
