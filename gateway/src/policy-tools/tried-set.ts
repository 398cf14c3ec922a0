import type { PolicyFile, PolicyFinding } from '@guichet/contract';
import type { Company } from '../catalog/index.ts';
import { Policy } from '../policy/index.ts';

/** A set of rules that is tried, or what is wrong with it. */
export interface TriedSet {
  readonly set?:
    | {
        readonly digest: string;
        readonly rules: number;
        /** Decides by the set, in a company. */
        policyFor(company: Company): Policy;
      }
    | undefined;
  readonly findings: readonly PolicyFinding[];
}

/** The set of these files; without files, the one in force. */
export function triedSet(_policy: Policy, files: readonly PolicyFile[] | undefined): TriedSet {
  if (files !== undefined) return { findings: [] };
  return { set: { digest: 'built-in', rules: 0, policyFor: (company) => new Policy({ company: () => company }) }, findings: [] };
}
