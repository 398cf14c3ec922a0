import { z } from 'zod';

/**
 * A request's id: `REQ-` and a number, short enough to read aloud. People may type `req-1042` or `1042`;
 * the wire always carries `REQ-1042`.
 */
export const RequestId = z
  .string()
  .regex(/^REQ-[1-9][0-9]{0,17}$/, 'must look like REQ-1042')
  .meta({ id: 'RequestId', examples: ['REQ-1042'] });

/** Name of a provider, an environment, a team: lower-case words joined by hyphens. */
export const Slug = z
  .string()
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'must be lower-case words joined by hyphens')
  .max(63);

/** Name of an action inside its provider: slugs joined by dots, e.g. `topics.delete`. */
export const ActionName = z
  .string()
  .regex(
    /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*)*$/,
    'must be lower-case words joined by hyphens and dots',
  )
  .max(120);

/** Name of an action in the whole company: provider and action joined by a dot, e.g. `kafka.topics.delete`. */
export const ActionId = ActionName.meta({ id: 'ActionId', examples: ['postgres.terminate-session'] });
