import { z } from 'zod';

/** What comes after the name of the source, in the name of a replica. */
export const ReplicaSuffix = z
  .string()
  .min(1)
  .max(30)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be lower-case letters and digits, in words joined by single hyphens');
