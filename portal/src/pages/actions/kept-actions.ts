import { useSyncExternalStore } from 'react';
import { useMe } from '../../api/me.ts';

/** Names of actions, and nothing of what was typed into them. */
interface Kept {
  readonly favourites: readonly string[];
  readonly recent: readonly string[];
}

const NONE: Kept = { favourites: [], recent: [] };
const MOST_RECENT = 12;
const listeners = new Set<() => void>();
const read = new Map<string, { text: string | null; kept: Kept }>();

const keyOf = (person: string): string => `guichet.actions.${person}`;

function keptOf(person: string): Kept {
  const text = localStorage.getItem(keyOf(person));
  const known = read.get(person);
  if (known?.text === text) return known.kept;
  const kept = parsed(text);
  read.set(person, { text, kept });
  return kept;
}

function parsed(text: string | null): Kept {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null) return NONE;
    return {
      favourites: namesIn('favourites' in value ? value.favourites : []),
      recent: namesIn('recent' in value ? value.recent : []),
    };
  } catch {
    return NONE;
  }
}

const namesIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];

function keep(person: string, kept: Kept): void {
  try {
    localStorage.setItem(keyOf(person), JSON.stringify(kept));
  } catch {
    return; // a browser that keeps nothing
  }
  for (const tell of listeners) tell();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('storage', listener);
  };
}

interface KeptActions extends Kept {
  readonly toggle: (id: string) => void;
}

/** The actions that somebody keeps at hand, and those that they opened last, in this browser. */
export function useKeptActions(): KeptActions {
  const person = useMe().principal.id;
  const kept = useSyncExternalStore(subscribe, () => keptOf(person));
  return {
    ...kept,
    toggle: (id) => {
      const { favourites, recent } = keptOf(person);
      const next = favourites.includes(id) ? favourites.filter((name) => name !== id) : [...favourites, id];
      keep(person, { favourites: next, recent });
    },
  };
}

/** Somebody has used an action. */
export function noteUsed(person: string, id: string): void {
  const { favourites, recent } = keptOf(person);
  keep(person, { favourites, recent: [id, ...recent.filter((name) => name !== id)].slice(0, MOST_RECENT) });
}
