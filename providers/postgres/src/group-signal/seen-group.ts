import { z } from 'zod';
import { Seen } from '../seen.ts';

/** So many sessions get a signal from one request at most: more are not read by whoever approves it. */
export const MOST_TARGETS = 200;

/** The sessions that a signal to several is bound to, each to what was seen of it. */
export const SeenGroup = z.object({ sessions: z.array(Seen).min(1).max(MOST_TARGETS) });
export type SeenGroup = z.infer<typeof SeenGroup>;
