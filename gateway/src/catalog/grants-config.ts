import { z } from 'zod';
import { Duration } from '../duration.ts';

/** The section `grants` of the configuration. */
export const GrantsConfig = z.strictObject({
  rotateAfter: Duration.prefault('30d').describe('A new key signs after so long'),
  overlap: Duration.prefault('15m').describe('A new key is published for so long before it signs'),
});
