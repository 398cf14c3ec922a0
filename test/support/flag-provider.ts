import { EventEmitter } from 'node:events';
import { action, defineProvider, PermanentFailure, type Provider, RetryableFailure, refuse } from '@guichet/sdk';
import { z } from 'zod';

/** Flags that can be set, and set back; tests turn the knobs. */
export class Flags {
  readonly values = new Map<string, string>();
  /** Every change that was really made, as `name=value`, in order. */
  readonly effects: string[] = [];
  /** How runs that set a flag back end. */
  restoring: 'succeed' | 'fail' | 'wait' = 'succeed';
  /** How plans to set a flag back end. */
  planning: 'succeed' | 'busy' | 'refuse' | 'wait' = 'succeed';
  /** What the undo of a run is said to be. */
  saying: 'right' | 'nothing' | 'nonsense' | 'throw' = 'right';

  readonly bell = new EventEmitter();

  /** Resolves when the next plan waits. */
  waiting(): Promise<void> {
    return new Promise((resolve) => this.bell.once('waiting', resolve));
  }

  write(name: string, value: string | null): void {
    if (value === null) this.values.delete(name);
    else this.values.set(name, value);
    this.effects.push(`${name}=${value ?? ''}`);
  }
}

const name = z.string().min(1).describe('Name of the flag');
const record = (summary: string) => ({ kind: 'record' as const, summary, fields: [] });

/** `idempotent`: what sets a flag back may be tried again. Two in one gateway have two names. */
export function flagProvider(flags: Flags, { idempotent = true, called = 'flags' } = {}): Provider {
  const before = (flag: string) => ({ value: flags.values.get(flag) ?? null });
  const set = action('set', {
    title: 'Set a flag',
    kind: 'write',
    risk: 'reversible',
    input: z.strictObject({ name, value: z.string() }),
    output: 'record',
    plan: ({ input }) => ({
      summary: `Sets '${input.name}' to '${input.value}'`,
      resource: { type: 'flag', id: input.name, owner: 'payments' },
      seen: before(input.name),
    }),
    run: ({ input }) => {
      flags.write(input.name, input.value);
      return record(`Set '${input.name}'`);
    },
    undo: {
      action: 'restore',
      input: ({ input, seen }) => {
        if (flags.saying === 'nothing') return undefined;
        if (flags.saying === 'throw') throw new Error('nobody foresaw this');
        return flags.saying === 'nonsense' ? { nam: input.name } : { name: input.name, value: seen.value };
      },
    },
  });
  const restore = action('restore', {
    title: 'Set a flag back',
    kind: 'write',
    risk: 'reversible',
    idempotent,
    input: z.strictObject({ name, value: z.string().nullable().describe('As it was; null when there was none') }),
    output: 'record',
    plan: async ({ input, signal }) => {
      if (flags.planning === 'wait') flags.bell.emit('waiting');
      while (flags.planning === 'wait') {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (flags.planning === 'busy') throw new RetryableFailure('The flags are busy.');
      if (flags.planning === 'refuse') refuse(`'${input.name}' is frozen.`, { remedy: 'Thaw it.' });
      return {
        summary: input.value === null ? `Removes '${input.name}'` : `Sets '${input.name}' back to '${input.value}'`,
        resource: { type: 'flag', id: input.name, owner: 'payments' },
        seen: before(input.name),
      };
    },
    run: async ({ input, signal }) => {
      while (flags.restoring === 'wait') {
        signal.throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (flags.restoring === 'fail') throw new PermanentFailure('The flags cannot be written.');
      flags.write(input.name, input.value);
      return record(`Set '${input.name}' back`);
    },
  });
  const hoist = action('hoist', {
    title: 'Hoist a flag for good',
    kind: 'write',
    risk: 'reversible',
    input: z.strictObject({ name }),
    output: 'record',
    plan: ({ input }) => ({
      summary: `Hoists '${input.name}'`,
      resource: { type: 'flag', id: input.name, owner: 'payments' },
      seen: {},
    }),
    run: ({ input }) => record(`Hoisted '${input.name}'`),
  });
  return defineProvider({ name: called, title: 'Flags', version: '1.0.0', team: 'platform', actions: [set, restore, hoist] });
}
