import { z } from 'zod';

/**
 * A field of an input that holds a secret: `password: secret().min(12)`. It is typed without being shown, reaches the
 * handlers, and nobody else: it is sealed while the request waits, and shown to neither requester nor approver. Any field
 * becomes one by `.meta({ writeOnly: true })`; a whole object too.
 */
export function secret(): z.ZodString {
  return z.string().meta({ writeOnly: true, format: 'password' });
}
