import type { PolicyFile } from '@guichet/contract';
import { useSyncExternalStore } from 'react';

/** What somebody writes on these pages. It stays while they go from one to the other, and ends with the tab. */
interface Drafts {
  readonly cases: string;
  /** Files of policies to decide by; none: the rules in force. */
  readonly files: readonly PolicyFile[];
}

const EXAMPLE = `cases:
  - name: ending a session in production takes one of the team that owns it
    who: nadia
    action: postgres.terminate-session
    environment: production
    resource: { owner: payments }
    expect: needs
    gates:
      - { approvers: team:payments, count: 1 }

  - name: nobody approves their own request
    who: amine
    operation: request.approve
    requester: amine
    action: postgres.terminate-session
    environment: production
    resource: { owner: payments }
    expect: deny
`;

let drafts: Drafts = { cases: EXAMPLE, files: [] };
const listeners = new Set<() => void>();

export function changeDrafts(changes: Partial<Drafts>): void {
  drafts = { ...drafts, ...changes };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useDrafts = (): Drafts => useSyncExternalStore(subscribe, () => drafts);
