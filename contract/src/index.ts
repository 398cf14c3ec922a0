export {
  Action,
  ActionExample,
  ActionKind,
  ApprovalMinimum,
  InputSchema,
  Lasts,
  Manifest,
  ManifestAction,
  Risk,
} from './action.ts';
export { approverGroupsOf, approversInWords } from './approvers.ts';
export { AuditHeadDocument, AuditProof, AuditStatus } from './audit-routes.ts';
export { canonicalJson, type Json } from './canonical.ts';
export { CHANGE_KINDS, type Change } from './changes.ts';
export { decisionInWords, gateInWords } from './decision-words.ts';
export { CompanyFinding, CompanyInForce, Person, Service, Team } from './directory.ts';
export {
  Application,
  ApplicationLink,
  Deployment,
  Environment,
  EnvironmentSummary,
  LINK_KINDS,
  LinkKind,
} from './environment.ts';
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
  EVENT_PERMISSIONS,
  REQUEST_EVENTS,
  RequestEvent,
  type RequestEventType,
  RUN_EVENTS,
  SCHEDULE_EVENTS,
  type ScheduleEventType,
} from './events.ts';
export { ActionId, ActionName, RequestId, Slug } from './ids.ts';
export { AwsAssertion, Exchanged, WorkloadAssertion } from './machine-identity.ts';
export { OPERATIONS, type Operation } from './operations.ts';
export {
  ColumnType,
  ConnectionOutput,
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
export {
  DecidingRule,
  Expected,
  ExpectedGate,
  PolicyCaseResult,
  PolicyChange,
  PolicyChecked,
  PolicyDifference,
  PolicyExplained,
  PolicyFile,
  PolicyFinding,
  PolicyInForce,
  PolicyReplayed,
  PolicyRule,
  PolicyTested,
} from './policy.ts';
export {
  Actor,
  ApproverGroup,
  Principal,
  PrincipalKind,
  scopeCovers,
  Token,
  TokenScope,
} from './principal.ts';
export { Problem } from './problem.ts';
export { fromProblem, toProblem } from './problem-error.ts';
export {
  CallBody,
  CancelAnswer,
  Choice,
  Choices,
  GrantClaims,
  type LedgerCall,
  Observation,
  PHASES,
  type Phase,
  PROTOCOL_PATH,
  PROTOCOL_VERSION,
  type ProviderCall,
  type ProviderEndpoint,
  ProviderFailure,
  RunMessage,
  type TunnelCall,
  TunnelEvent,
} from './protocol.ts';
export { Provider, ProviderFigures } from './provider-routes.ts';
export {
  LEDGER_STATUSES,
  LedgerEntry,
  LedgerPage,
  LedgerQuery,
  type LedgerStatus,
  ReceiptClaims,
  ReceiptKey,
  RUN_OUTCOMES,
  type RunOutcome,
  SuccessionClaims,
} from './receipt.ts';
export { FINDING_KINDS, ReconcileBody, Reconciled, ReconcileFinding } from './reconcile.ts';
export {
  Approval,
  Decision,
  Failure,
  Gate,
  REQUEST_COMMANDS,
  Receipt,
  Request,
  type RequestCommand,
  RequestState,
  RequestSummary,
  Resolution,
  Review,
  ReviewVerdict,
  Temporary,
  Undo,
} from './request.ts';
export { canonicalRequestId, formatRequestId, parseRequestId } from './request-id.ts';
export { FINAL_STATES, type FinalState, isFinal, REQUEST_STATES } from './request-states.ts';
export { Me, Planned, ProviderKeys, ROUTES, type Route, type RouteName, TokenCreated } from './routes.ts';
export { Firing, MissedPolicy, Schedule, ScheduleShown } from './schedule.ts';
export { SECRET_MARKER } from './secrets/marker.ts';
export {
  DeviceStart,
  DeviceStarted,
  Session,
  SessionKind,
  SessionTokens,
  SignedOut,
  TokenExchange,
} from './sign-in.ts';
export {
  TunnelFromProvider,
  TunnelNotice,
  TunnelToProvider,
} from './tunnel.ts';
export { TUNNEL_CLOSE } from './tunnel-close.ts';
export { formatBytes, formatDuration } from './units.ts';
