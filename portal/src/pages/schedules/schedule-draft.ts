import type { Messages } from '../../messages/en/index.ts';

interface Draft {
  readonly name: string;
  readonly reason: string;
  readonly times: readonly string[] | 'cron' | 'zone';
}

type Wrong = { readonly [Field in 'name' | 'cron' | 'timezone' | 'reason']?: string };

/** As Slug of the contract has it. */
const SLUG = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const LEAST_REASON = 3;

/** What the gateway would refuse of a new schedule, told before it is sent; the gateway decides all the same. */
export function wrongWith({ name, reason, times }: Draft, m: Messages['schedules']['form']): Wrong {
  return {
    ...(name === '' ? { name: m.needed } : !SLUG.test(name) && { name: m.wrongName }),
    ...(times === 'cron' && { cron: m.wrongCron }),
    ...(times === 'zone' && { timezone: m.wrongZone }),
    ...(reason.trim().length < LEAST_REASON && { reason: m.short }),
  };
}
