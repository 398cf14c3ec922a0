import { canonicalRequestId, OPERATIONS, type Operation } from '@guichet/contract';
import { oneOf, present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

/** What is explained, as it stands in the address. The input is not: it may hold what nobody should read there. */
export interface ExplainSearch {
  readonly request?: string;
  readonly action?: string;
  readonly environment?: string;
  readonly owner?: string;
  readonly service?: string;
  /** `TYPE:ID` */
  readonly resource?: string;
  readonly operation?: Operation;
  readonly as?: string;
  /** Seconds; for good when absent. */
  readonly lasts?: number;
}

export function readExplainSearch(search: Search): ExplainSearch {
  const lasts = Number(search['lasts']);
  return present({
    request: textOf(search['request']),
    action: textOf(search['action']),
    environment: textOf(search['environment']),
    owner: textOf(search['owner']),
    service: textOf(search['service']),
    resource: textOf(search['resource']),
    operation: oneOf(OPERATIONS, search['operation']),
    as: textOf(search['as']),
    lasts: Number.isInteger(lasts) && lasts > 0 ? lasts : undefined,
  });
}

/** The question as the gateway takes it; undefined while there is none. */
export function explainBody(search: ExplainSearch, input: Readonly<Record<string, unknown>> | undefined) {
  const { request, action, operation, resource, lasts, ...rest } = search;
  if (request === undefined && action === undefined && operation === undefined) return undefined;
  const at = resource?.indexOf(':') ?? -1;
  return {
    ...rest,
    ...(request !== undefined && { request: canonicalRequestId(request) ?? request.trim() }),
    ...(action !== undefined && { action }),
    ...(operation !== undefined && { operation }),
    ...(resource !== undefined && { resource: { type: resource.slice(0, Math.max(0, at)), id: resource.slice(at + 1) } }),
    ...(lasts !== undefined && { lastsSeconds: lasts }),
    ...(input !== undefined && { input: { ...input } }),
  };
}
