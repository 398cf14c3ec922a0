export {
  type Approver,
  action,
  type Caller,
  type LogLevel,
  type ObservationInput,
  type ObserveContext,
  type OptionsContext,
  type OptionsHandler,
  type PlanContext,
  type PlanResult,
  type Progress,
  type ProviderAction,
  type ReadContext,
  type ReadDefinition,
  type RunContext,
  type TunnelContext,
  type Undo,
  type UndoContext,
  type WriteDefinition,
} from './action.ts';
export { type FailureOptions, PermanentFailure, RetryableFailure, refuse } from './failures.ts';
export { type FileLedgerOptions, fileLedger } from './file-ledger.ts';
export { type GatewayKeysOptions, gatewayKeys, type KeySource, type PublishedKey, staticKeys } from './key-source.ts';
export {
  type Ledger,
  type LedgerIntent,
  type LedgerOutcome,
  type LedgerRecord,
  memoryLedger,
  type ToldEnd,
} from './ledger.ts';
export { defineProvider, type EndpointOptions, type Provider, type ProviderDefinition } from './provider.ts';
export { type ProviderLogger, stderrLogger } from './provider-logger.ts';
export { generateReceiptKey, rotateReceiptKey } from './receipt-key.ts';
export { secret } from './secret.ts';
export { type ProviderServer, type ServeOptions, serve } from './serve.ts';
