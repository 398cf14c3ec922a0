import { z } from 'zod';
import { ActionId, RequestId } from './ids.ts';

/** What several routes are made of. */

export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Pass it as cursor for the next page; null on the last one'),
  });

/** A number in a query string: decimal digits and nothing else, so that `0x10`, `1e2` and an empty text are none. */
export const digits = (value: unknown): unknown =>
  typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
export const limit = z.preprocess(digits, z.int().min(1).max(200)).default(50).describe('Rows a page');
export const cursor = z.string().max(200).optional().describe('`next` of the page before');
export const actionParams = z.object({ action: ActionId });
export const requestParams = z.object({ request: RequestId });
export const comment = z.string().trim().max(2000);
export const reason = z.string().trim().min(3, 'must say why, in at least 3 characters').max(2000);
export const input = z.record(z.string(), z.unknown()).default({});
/** Free text in a query string: where a flag is meant, `true` or `false`. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** PostgreSQL knows no year 0. */
export const time = z.iso
  .datetime({ offset: true })
  .refine((text) => !text.startsWith('0000'), 'must be a time from the year 1 on');
export const timeFilter = {
  since: time.optional().describe('Not before this time'),
  until: time.optional().describe('Before this time'),
};

/** Half a year: what is meant to stay longer is for good. */
export const lastsSeconds = z
  .int()
  .min(1)
  .max(183 * 86_400, 'must be 183 days at most');
