import { action, PermanentFailure, refuse } from '@guichet/sdk';
import { z } from 'zod';
import { type Journal, openJournal } from './journal.ts';
import { findOrder, ORDERS } from './orders.ts';

const Hold = z.object({
  run: z.string(),
  environment: z.string(),
  order: z.string(),
  held: z.boolean(),
  requestedBy: z.string(),
  at: z.string(),
});
type Hold = z.infer<typeof Hold>;

/** Which orders are held back. */
export interface Holds extends Journal<Hold> {
  held(environment: string, order: string): boolean;
}

/** The holds and releases of a file, which is made when there is none. */
export async function openHolds(path: string): Promise<Holds> {
  const held = new Map<string, boolean>();
  const journal = await openJournal({
    path,
    title: 'record of holds',
    entry: Hold,
    remember: (hold) => held.set(`${hold.environment}/${hold.order}`, hold.held),
  });
  return { ...journal, held: (environment, order) => held.get(`${environment}/${order}`) ?? false };
}

/** Holds an order back: it is not sent until it is released, which is what undoes it. */
export function holdAction(holds: Holds, team: string) {
  return action('hold', {
    ...common(holds, { team, held: true }),
    title: 'Hold an order back',
    description: 'An order that is held is not sent. It is undone by orders release, and can be asked for a while.',
    examples: [{ title: 'Hold an order that looks like fraud', input: { order: 'A-1044' } }],
    undo: { action: 'release', input: ({ input }: Pick<Call, 'input'>) => ({ order: input.order }) },
  });
}

export function releaseAction(holds: Holds, team: string) {
  return action('release', {
    ...common(holds, { team, held: false }),
    title: 'Release an order',
    description: 'Lets an order that is held be sent.',
    examples: [{ title: 'Release an order', input: { order: 'A-1044' } }],
  });
}

/** What holding and releasing have in common: each leads from where the other ends, and refuses to start anywhere else. */
function common(holds: Holds, { team, held }: { team: string; held: boolean }) {
  const done = (hold: Hold) => ({
    kind: 'record' as const,
    summary: held ? `Order ${hold.order} is held` : `Order ${hold.order} is released`,
    fields: [
      { key: 'order', title: 'Order', type: 'code' as const, value: hold.order },
      { key: 'state', title: 'State', type: 'state' as const, value: held ? 'held' : 'released' },
      { key: 'at', title: 'At', type: 'timestamp' as const, value: hold.at },
    ],
  });
  return {
    kind: 'write' as const,
    risk: 'reversible' as const,
    approval: { team, count: 1 },
    input: Input,
    output: 'record' as const,
    options: {
      order: ({ query, environment }: { query: string; environment: string }) =>
        ORDERS.filter(({ id }) => holds.held(environment, id) !== held)
          .filter(({ id, customer }) => `${id} ${customer}`.toLowerCase().includes(query.toLowerCase()))
          .map(({ id, customer }) => ({ value: id, label: `${id} ${customer}` })),
    },
    plan: ({ input, environment }: Call) => {
      const order = findOrder(input.order);
      const was = holds.held(environment, order.id);
      if (was === held)
        refuse(held ? `Order ${order.id} is held already.` : `Order ${order.id} is not held.`, {
          remedy: 'orders list shows which are.',
        });
      return {
        summary: held ? `Hold order ${order.id} of ${order.customer} back` : `Release order ${order.id} of ${order.customer}`,
        effects: [held ? 'It is not sent until it is released.' : 'It is sent with the next parcels.'],
        resource: { type: 'orders.order', id: order.id, service: 'orders', owner: team },
        seen: { order: order.id, held: was },
      };
    },
    run: async ({ input, environment, caller, runId }: Call & { caller: { id: string }; runId: string }) =>
      done(
        await holds.append(runId, () => {
          if (holds.held(environment, input.order) === held)
            throw new PermanentFailure(`Somebody else has ${held ? 'held' : 'released'} order ${input.order} in the meantime.`);
          return {
            run: runId,
            environment,
            order: input.order,
            held,
            requestedBy: caller.id,
            at: new Date().toISOString(),
          };
        }),
      ),
    observe: ({ runId }: { runId: string }) => {
      const hold = holds.ofRun(runId);
      if (hold !== undefined) return { status: 'succeeded' as const, output: done(hold) };
      return { status: holds.pending(runId) ? ('running' as const) : ('not_started' as const) };
    },
  };
}

const Input = z.strictObject({
  order: z
    .string()
    .regex(/^A-[0-9]{4}$/, 'must look like A-1042')
    .describe('Number of the order'),
});
interface Call {
  readonly input: z.infer<typeof Input>;
  readonly environment: string;
}
