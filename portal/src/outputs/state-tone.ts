import type { Tone } from '../ui/badge.tsx';

const TONES: Readonly<Record<Tone, readonly string[]>> = {
  good: ['up', 'ok', 'open', 'healthy', 'allowed', 'succeeded', 'done', 'ready', 'available', 'enabled', 'paid', 'shipped'],
  bad: ['down', 'critical', 'failed', 'error', 'blocked', 'denied', 'lost', 'unavailable', 'idle in transaction (aborted)'],
  warn: ['warning', 'waiting', 'idle in transaction', 'ending', 'unknown', 'held', 'degraded', 'on hold', 'pending'],
  info: ['active', 'running', 'info', 'queued', 'creating', 'not opened yet'],
  neutral: [],
  accent: [],
};

const toneByState = new Map(Object.entries(TONES).flatMap(([tone, states]) => states.map((state) => [state, tone as Tone]))); // its keys are tones

/** The colour of a state that a provider names in words of its own: those that all know; plain for all others. */
export const toneOfState = (state: string): Tone => toneByState.get(state.toLowerCase()) ?? 'neutral';
