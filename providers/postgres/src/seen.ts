import { z } from 'zod';

/** What a signal is bound to, and whom it was about. Times are text with microseconds, as the server has them. */
export const Seen = z.object({
  pid: z.int(),
  backendStart: z.string(),
  queryStart: z.string().nullable(),
  state: z.string(),
  /** `statement`: only while it is at that very statement, in that state. `session`: whatever it does by then. */
  boundTo: z.enum(['statement', 'session']),
  who: z.string(),
  user: z.string().nullable(),
  application: z.string(),
  database: z.string().nullable(),
});
export type Seen = z.infer<typeof Seen>;
