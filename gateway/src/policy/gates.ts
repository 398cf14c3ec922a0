import { type ApproverGroup, approversInWords, type Gate } from '@guichet/contract';
import type { Company } from '../catalog/index.ts';
import { suggestion } from '../findings/index.ts';
import type { Question } from './question.ts';

/** Who a gate's approvers are, as its rule says it. */
export type Approvers =
  | { readonly kind: 'owner' }
  | { readonly kind: 'manager' }
  | { readonly kind: 'on-call'; readonly team: string | undefined }
  | { readonly kind: 'team'; readonly team: string };

/** A rule that approvals lift. */
export interface GateRule {
  readonly id: string;
  readonly approvers: Approvers;
  readonly count: number;
  readonly reason: string;
  readonly reuseSeconds: number | undefined;
}

/** Annotations that mean something. Others are for their authors. */
const ANNOTATIONS: readonly string[] = ['id', 'approvers', 'count', 'reason', 'reuse'];
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const TEAM = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';

interface Wrong {
  readonly wrong: string;
  readonly remedy?: string | undefined;
}

/** The gate that annotations describe, what is wrong with them, or undefined when they describe none. */
export function gateRule(id: string, annotations: Readonly<Record<string, string>>): GateRule | Wrong | undefined {
  const { approvers: text, count = '1', reason, reuse } = annotations;
  const strange = Object.keys(annotations).flatMap(misspelt)[0];
  if (strange !== undefined) return strange;
  if (text === undefined)
    return annotations['count'] === undefined && reuse === undefined
      ? undefined
      : { wrong: '@count and @reuse belong to @approvers' };
  const approvers = approversOf(text);
  if (approvers === undefined)
    return {
      wrong: `@approvers must be "owner", "manager", "on-call", "on-call:TEAM" or "team:TEAM", not "${text}"`,
      ...(new RegExp(`^${TEAM}$`).test(text) && { remedy: `Write "team:${text}" for a team of that name.` }),
    };
  if (!/^[1-9][0-9]?$/.test(count)) return { wrong: '@count must be a whole number from 1 to 99' };
  const seconds = reuse === undefined ? undefined : secondsOf(reuse);
  if (reuse !== undefined && seconds === undefined) return { wrong: '@reuse must look like "30m", "2h" or "1d"' };
  if (reason === undefined || reason.trim() === '')
    return { wrong: 'a gate needs a @reason: people read it before they approve' };
  return { id, approvers, count: Number(count), reason, reuseSeconds: seconds };
}

/** A misspelt annotation would be one that nobody reads: a gate that is none. */
function misspelt(name: string): Wrong[] {
  if (ANNOTATIONS.includes(name)) return [];
  const meant = suggestion(name, ANNOTATIONS)?.match(/^Did you mean (.+)\?$/)?.[1];
  return meant === undefined ? [] : [{ wrong: `there is no annotation @${name}`, remedy: `Did you mean @${meant}?` }];
}

function approversOf(text: string): Approvers | undefined {
  if (text === 'owner' || text === 'manager') return { kind: text };
  if (text === 'on-call') return { kind: 'on-call', team: undefined };
  const [, kind, team = ''] = new RegExp(`^(on-call|team):(${TEAM})$`).exec(text) ?? [];
  if (kind === undefined) return undefined;
  return kind === 'team' ? { kind, team } : { kind: 'on-call', team };
}

function secondsOf(text: string): number | undefined {
  const [, number, unit = ''] = /^([1-9][0-9]{0,4})([smhd])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * UNITS[unit as keyof typeof UNITS]; // the pattern ends in a unit
}

/** The gate of a rule for a request of the principal, or why nobody could ever lift it. */
export function gateFor(rule: GateRule, { principal, resource }: Question): Gate | { unliftable: string } {
  const owner = resource?.owner ?? '';
  const { id: policy, approvers, count, reason, reuseSeconds } = rule;
  const gate = (group: ApproverGroup): Gate => ({
    policy,
    approvers: group,
    count,
    reason,
    ...(reuseSeconds !== undefined && { reuseSeconds }),
  });
  switch (approvers.kind) {
    case 'owner':
      return gate(`team:${owner}`);
    case 'team':
      return gate(`team:${approvers.team}`);
    case 'on-call':
      return gate(`on-call:${approvers.team ?? owner}`);
    case 'manager':
      if (principal.manager !== null) return gate(principal.manager);
      return { unliftable: `${reason}. It takes an approval of the requester's manager, and the company knows none.` };
  }
}

/**
 * A team that one of the persons behind the request manages alone is no second pair of eyes: who is in it is theirs to
 * say. Their own manager approves instead; where there is none, nobody can.
 */
export function withoutOwnTeams(
  gate: Gate,
  { behind, company }: { behind: readonly string[]; company: Company },
): Gate | { unliftable: string } {
  if (!gate.approvers.startsWith('team:')) return gate;
  const team = gate.approvers.slice('team:'.length);
  const managers = new Set(company.managersOf(team).map((id) => company.personOf(id) ?? id));
  const [only] = managers;
  if (managers.size !== 1 || only === undefined || !behind.includes(only)) return gate;
  const manager = company.member(only)?.manager ?? null;
  if (manager === null || behind.includes(company.personOf(manager) ?? manager))
    return {
      unliftable: `It takes an approval of ${approversInWords(gate.approvers)}, which ${only.replace('user:', '')} manages alone and asks for it; have somebody else file it.`,
    };
  return { ...gate, approvers: manager, count: 1 };
}

/** One gate for each group of approvers, with the largest count and the shortest reuse: the tighter one wins. */
export function mergeGates(gates: readonly Gate[]): Gate[] {
  const byGroup = new Map<ApproverGroup, Gate>();
  for (const gate of gates) {
    const known = byGroup.get(gate.approvers);
    byGroup.set(gate.approvers, known === undefined ? gate : tighter(known, gate));
  }
  return [...byGroup.values()];
}

function tighter(one: Gate, other: Gate): Gate {
  const { reuseSeconds: _, ...stricter } = one.count >= other.count ? one : other;
  if (one.reuseSeconds === undefined || other.reuseSeconds === undefined) return stricter;
  return { ...stricter, reuseSeconds: Math.min(one.reuseSeconds, other.reuseSeconds) };
}
