import { action, defineProvider, refuse } from '@guichet/sdk';
import { z } from 'zod';

/** Our service's own state; a table in its database, as a rule. `run` is the run that set it last. */
const flags = new Map([['new-checkout', { on: false, run: '' }]]);

const list = action('list', {
  title: 'List feature flags',
  kind: 'read',
  risk: 'safe',
  input: z.strictObject({}),
  output: 'table',
  run: () => ({
    kind: 'table',
    columns: [
      { key: 'flag', title: 'Flag', type: 'code' },
      { key: 'on', title: 'On', type: 'boolean' },
    ],
    rows: [...flags].map(([flag, { on }]) => ({ flag, on })),
  }),
});

const set = action('set', {
  title: 'Set a feature flag',
  kind: 'write',
  risk: 'reversible',
  approval: { team: 'checkout' },
  input: z.strictObject({
    flag: z.string().describe('Name of the flag'),
    on: z.boolean().describe('Whether the feature is on'),
  }),
  output: 'record',
  examples: [{ title: 'Switch the new checkout on', input: { flag: 'new-checkout', on: true } }],

  options: { flag: () => [...flags.keys()].map((value) => ({ value })) },

  plan: ({ input }) => {
    const flag = flags.get(input.flag) ?? refuse(`There is no flag '${input.flag}'.`, { remedy: 'See flags list.' });
    return {
      summary: `Switch '${input.flag}' ${input.on ? 'on' : 'off'}`,
      effects: [`It is ${flag.on ? 'on' : 'off'} now.`],
      resource: { type: 'flags.flag', id: input.flag },
      seen: { on: flag.on },
    };
  },

  run: ({ input, runId, log }) => {
    flags.set(input.flag, { on: input.on, run: runId });
    log('The flag is set; servers see it within 10 seconds.');
    return {
      kind: 'record',
      summary: `'${input.flag}' is ${input.on ? 'on' : 'off'}.`,
      fields: [{ key: 'on', title: 'On', type: 'boolean', value: input.on }],
    };
  },

  observe: ({ input, runId }) =>
    flags.get(input.flag)?.run === runId
      ? { status: 'succeeded', output: { kind: 'record', summary: `'${input.flag}' was set.`, fields: [] } }
      : { status: 'unknown', message: 'Another run may have set the flag since.' },
});

export const provider = defineProvider({
  name: 'flags',
  title: 'Feature flags',
  version: '1.0.0',
  team: 'checkout',
  actions: [list, set],
});
