export {
  Action,
  ActionExample,
  ActionKind,
  ApprovalMinimum,
  InputSchema,
  Manifest,
  ManifestAction,
  Risk,
} from './action.ts';
export { canonicalJson, type Json } from './canonical.ts';
export {
  ERRORS,
  type ErrorCode,
  EXIT,
  type ExitCode,
  type FieldError,
  GuichetError,
  type GuichetErrorOptions,
  isErrorCode,
} from './errors.ts';
export {
  AUDIT_EVENTS,
  AuditEvent,
  type AuditEventType,
  REQUEST_EVENTS,
  RequestEvent,
  type RequestEventType,
  RUN_EVENTS,
} from './events.ts';
export { ActionId, ActionName, formatRequestId, parseRequestId, RequestId, Slug } from './ids.ts';
export {
  ColumnType,
  inBrief,
  OUTPUT_KINDS,
  Output,
  type OutputInput,
  type OutputKind,
  RecordOutput,
  TableOutput,
  type TreeNode,
  TreeOutput,
} from './output.ts';
export { Plan, type PlanInput, Resource } from './plan.ts';
export { Actor, Principal, PrincipalKind, scopeCovers, Token, TokenScope } from './principal.ts';
export { fromProblem, Problem, toProblem } from './problem.ts';
export {
  CallBody,
  Choice,
  Choices,
  GrantClaims,
  Observation,
  PHASES,
  type Phase,
  PROTOCOL_PATH,
  PROTOCOL_VERSION,
  type ProviderCall,
  type ProviderEndpoint,
  ProviderFailure,
  RunMessage,
} from './protocol.ts';
export {
  Approval,
  Decision,
  Failure,
  FINAL_STATES,
  type FinalState,
  Gate,
  isFinal,
  REQUEST_COMMANDS,
  REQUEST_STATES,
  Request,
  type RequestCommand,
  RequestState,
  RequestSummary,
} from './request.ts';
export { Me, Planned, ProviderKeys, ROUTES, type Route, type RouteName, TokenCreated } from './routes.ts';
