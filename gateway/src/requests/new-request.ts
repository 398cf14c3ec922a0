import type { Plan, Principal } from '@guichet/contract';
import type { SecretValue } from '@guichet/contract/secrets';
import type { CatalogAction } from '../catalog/index.ts';
import { currentTraceparent } from '../telemetry/index.ts';
import { idempotencyDigest } from './idempotency.ts';
import type { Place } from './place.ts';
import type { NewRequest } from './row.ts';
import { secretDigestOf } from './secrets.ts';
import { digestOfRequest, personsBehind } from './standing.ts';
import type { RequestsOptions, SubmitCall } from './submission.ts';

/** Before any other. */
const NO_TIME = new Date(0);

export interface PlannedCall {
  readonly found: CatalogAction;
  /** As it may be shown. */
  readonly input: Record<string, unknown>;
  readonly secrets: readonly SecretValue[];
  readonly plan: Plan;
  readonly place: Place;
}

/** The row of a call that may be filed. `waits`: not all of its gates are lifted. */
export function newRequest(
  principal: Principal,
  call: SubmitCall,
  { found, input, secrets, plan, place, gates, waits }: PlannedCall & { gates: NewRequest['gates']; waits: boolean },
  { windows, sealer, directory }: RequestsOptions,
): Omit<NewRequest, 'sealed'> {
  const { action } = found;
  const { environment, lastsSeconds = null, extensionOf = null } = call;
  const secretDigest = secretDigestOf(sealer, { action: action.id, environment, secrets });
  const startAt = call.startAt === undefined ? null : new Date(call.startAt);
  const { fingerprint, resource, summary } = plan;
  const terms = { lastsSeconds, startAt, extensionOf };
  return {
    action: action.id,
    actionVersion: action.version,
    title: action.title,
    risk: action.risk,
    environment,
    input,
    plan,
    digest: digestOfRequest(found, { environment, input, fingerprint, secrets: secretDigest }, terms),
    summary,
    resourceType: resource.type,
    resourceId: resource.id,
    ownerTeam: place.owner,
    reason: call.reason ?? '',
    requesterId: principal.id,
    requesterName: principal.name,
    scope: principal.scope,
    behind: behindCall(principal, call, { directory }),
    idempotencyKey: call.idempotencyKey ?? null,
    idempotencyDigest: call.idempotencyKey === undefined ? null : idempotencyDigest(sealer, call),
    secretDigest,
    traceparent: currentTraceparent(),
    gates,
    idempotent: action.idempotent,
    observable: action.observable,
    timeoutSeconds: action.timeoutSeconds,
    undoOf: call.undoOf ?? null,
    approvedWith: call.approvedWith !== undefined,
    byClock: call.byClock === true,
    ...terms,
    runAfter: startAt ?? NO_TIME,
    state: waits ? 'awaiting_approval' : 'queued',
    window: waits ? { ms: windows.approvalMs, from: NO_TIME } : { ms: windows.startMs, from: startAt ?? NO_TIME },
  };
}

/** Whoever makes a machine's token can act as the machine: they are no second person for what it asks. */
export function behindCall(
  { person }: Principal,
  { tokenMakerId, approvedWith, keeps, behind = [] }: SubmitCall,
  { directory }: Pick<RequestsOptions, 'directory'>,
): string[] {
  const maker = tokenMakerId === undefined ? null : directory.company.personOf(tokenMakerId);
  return [
    ...new Set(
      [
        person,
        maker,
        ...(approvedWith?.behind ?? []),
        ...(keeps === undefined ? [] : personsBehind(keeps.row)),
        ...behind,
      ].filter((each) => each !== null),
    ),
  ];
}
