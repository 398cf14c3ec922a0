import type { RequestState } from '@guichet/contract';

/** The people of the model: nadia asks, amine and paula are of the team that approves. */
export const PEOPLE = ['nadia', 'amine', 'paula'] as const;
export type Person = (typeof PEOPLE)[number];

/** Actions, by what matters for the life of a request. */
export const KINDS = {
  free: { needs: 0, idempotent: false, observable: true },
  /** Asked for a while, and undone by `back`. */
  temp: { needs: 0, idempotent: false, observable: true },
  back: { needs: 0, idempotent: false, observable: true },
  blind: { needs: 0, idempotent: false, observable: false },
  again: { needs: 0, idempotent: true, observable: false },
  one: { needs: 1, idempotent: false, observable: true },
  two: { needs: 2, idempotent: false, observable: true },
} as const;
export type Kind = keyof typeof KINDS;

/** One step of an actor. `at` picks a request, or a run that a worker holds or once held, by its place. */
export type Step =
  | { readonly do: 'submit'; readonly kind: Kind; readonly thing: 'this' | 'that' }
  | { readonly do: 'approve' | 'reject' | 'withdraw' | 'cancel'; readonly who: Person; readonly at: number }
  | { readonly do: 'undo'; readonly who: Person; readonly at: number }
  /** Somebody who has looked says what became of it; its call can arrive no more. */
  | {
      readonly do: 'resolve';
      readonly who: Person;
      readonly at: number;
      readonly outcome: 'succeeded' | 'failed' | 'not_started';
    }
  /** The time for which it was asked is over, and the clock rings. */
  | { readonly do: 'time_over'; readonly at: number }
  /** The window that it is in ends. */
  | { readonly do: 'pass_time'; readonly at: number }
  | { readonly do: 'claim' }
  | { readonly do: 'dispatch' | 'succeed' | 'fail' | 'confirm_cancel' | 'lose'; readonly at: number }
  | { readonly do: 'requeue'; readonly at: number; readonly unsent: boolean }
  /** Its worker dies, and another finds its lease over. What the dead one held, it may still report later. */
  | { readonly do: 'crash'; readonly at: number }
  | {
      readonly do: 'observe';
      readonly at: number;
      readonly status: 'succeeded' | 'failed' | 'not_started' | 'running' | 'unknown';
    };

/** What the model knows of a request; the same is read from the database. */
export interface ModelRequest {
  readonly state: RequestState;
  readonly approvals: number;
  readonly cancelWished: boolean;
  readonly dispatched: boolean;
  readonly attempt: number;
  readonly token: number;
  readonly undoState: 'scheduled' | 'held' | 'undone' | null;
  /** The clock will undo it, or try to again. */
  readonly clockIsSet: boolean;
}

export interface Known extends ModelRequest {
  readonly kind: Kind;
  readonly thing: string;
  readonly approvers: readonly Person[];
  readonly windowOver: boolean;
  /** What an earlier try may still have done. */
  readonly doubt: 'arriving' | 'unseen' | null;
  /** Its next try waits until the call of the one before can arrive no more. */
  readonly waits: boolean;
  /** The place of what it undoes. */
  readonly undoOf: number | null;
  readonly byClock: boolean;
  /** How often the clock has filed what undoes it. */
  readonly undoTries: number;
  /** Its provider has said how it is undone. */
  readonly canBeUndone: boolean;
}

/** A run as a worker claimed it. Its token may be worth nothing by now. */
export interface Holding {
  readonly request: number;
  readonly token: number;
}

export interface Model {
  readonly requests: readonly Known[];
  readonly holdings: readonly Holding[];
}

export const EMPTY: Model = { requests: [], holdings: [] };

export function submitted(kind: Kind, thing: string): Known {
  const state = KINDS[kind].needs > 0 ? 'awaiting_approval' : 'queued';
  const nothing = { approvals: 0, approvers: [], cancelWished: false, dispatched: false, attempt: 0, token: 0 };
  const undoing = { undoOf: null, byClock: false, undoState: null, clockIsSet: false, undoTries: 0, canBeUndone: false };
  return { kind, thing, state, windowOver: false, doubt: null, waits: false, ...nothing, ...undoing };
}

export function change(model: Model, at: number, by: (request: Known) => Partial<Known>): Model {
  const requests = model.requests.map((request, index) => (index === at ? { ...request, ...by(request) } : request));
  return { ...model, requests };
}
