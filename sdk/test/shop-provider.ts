import { z } from 'zod';
import { action, defineProvider, PermanentFailure, RetryableFailure, refuse } from '../src/index.ts';

/** A provider whose world is a value of the test: a shelf of items with their stock. */
export interface Shop {
  readonly stock: Map<string, number>;
  /** Ids of the runs whose handler was entered. */
  readonly runs: string[];
  /** Ids of the runs that saw their signal aborted. */
  readonly aborted: string[];
}

export function openShop(): Shop {
  return { stock: new Map([['apple', 3]]), runs: [], aborted: [] };
}

const item = z.string().min(1).describe('Name of the item');

export function shopProvider(shop: Shop) {
  const list = action('list', {
    title: 'List the shelf',
    kind: 'read',
    risk: 'safe',
    input: z.strictObject({ atLeast: z.int().default(0).describe('Least stock') }),
    output: 'table',
    run: ({ input, log }) => {
      log('counting');
      const rows = [...shop.stock].filter(([, count]) => count >= input.atLeast).map(([name, count]) => ({ name, count }));
      return { kind: 'table', columns: [{ key: 'name', title: 'Name' }], rows };
    },
  });

  const moody = action('moody', {
    title: 'Read that behaves as it is told',
    kind: 'read',
    risk: 'safe',
    input: z.strictObject({ mood: z.enum(['refuse', 'permanent', 'retryable', 'throw', 'date', 'wrong-kind', 'late-refuse']) }),
    output: 'text',
    run: ({ input, log }) => {
      if (input.mood === 'refuse') refuse('Not today', { remedy: 'Come back tomorrow' });
      if (input.mood === 'permanent') throw new PermanentFailure('It is broken', { remedy: 'Mend it' });
      if (input.mood === 'retryable') throw new RetryableFailure('It is busy');
      if (input.mood === 'throw') throw new Error('password=hunter2');
      if (input.mood === 'late-refuse') {
        log('looking');
        refuse('Not any more');
      }
      // biome-ignore lint/suspicious/noExplicitAny: the test hands out what the types forbid
      if (input.mood === 'date') return { kind: 'text', text: new Date(0) } as any;
      // biome-ignore lint/suspicious/noExplicitAny: as above
      return { kind: 'link', label: 'x', url: 'https://example.test' } as any;
    },
  });

  const sell = action('items.sell', {
    title: 'Sell an item',
    description: 'Takes items off the shelf.',
    kind: 'write',
    risk: 'reversible',
    input: z.strictObject({
      item,
      count: z.int().min(1).default(1),
      mood: z.enum(['throw', 'permanent', 'retryable', 'bad-output', 'wait', 'refuse', 'chatty']).optional(),
    }),
    output: 'record',
    approval: { team: 'sales' },
    timeoutSeconds: 20,
    examples: [{ title: 'Sell two apples', input: { item: 'apple', count: 2 } }],
    options: {
      item: ({ query, input }) =>
        [...shop.stock]
          .filter(([name, count]) => name.startsWith(query) && count >= (input.count ?? 1))
          .map(([value]) => ({ value })),
    },
    plan: ({ input }) => {
      const stock = shop.stock.get(input.item);
      if (stock === undefined) return refuse(`There is no '${input.item}'`, { remedy: 'List the shelf' });
      return {
        summary: `Sell ${input.count} of '${input.item}'`,
        resource: { type: 'shop.item', id: input.item },
        seen: { stock },
      };
    },
    run: async ({ input, seen, runId, log, progress, signal }) => {
      shop.runs.push(runId);
      if (input.mood === 'throw') throw new Error('password=hunter2');
      if (input.mood === 'permanent')
        throw new PermanentFailure('The till is broken', { remedy: 'Call the till maker', cause: new Error('hunter2') });
      if (input.mood === 'retryable') throw new RetryableFailure('The till is busy');
      if (input.mood === 'refuse') refuse('The till says no');
      // biome-ignore lint/suspicious/noExplicitAny: the test hands out what the types forbid
      if (input.mood === 'bad-output') return { kind: 'record' } as any;
      if (input.mood === 'chatty') for (let line = 0; line < 50; line += 1) log(`line ${line}`);
      if (input.mood === 'wait') {
        log('waiting');
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })).catch(
          (error) => {
            shop.aborted.push(runId);
            throw error;
          },
        );
      }
      log('taking it off the shelf', 'warn');
      progress({ done: 1, total: 1 });
      shop.stock.set(input.item, seen.stock - input.count);
      return { kind: 'record', summary: 'sold', fields: [{ key: 'left', title: 'Left', value: seen.stock - input.count }] };
    },
    observe: ({ runId, seen }) =>
      shop.runs.includes(runId)
        ? { status: 'succeeded', output: { kind: 'record', summary: `had ${seen.stock}`, fields: [] } }
        : { status: 'not_started' },
  });

  return defineProvider({ name: 'shop', title: 'Shop', version: '1.2.3', team: 'sales', actions: [list, moody, sell] });
}
