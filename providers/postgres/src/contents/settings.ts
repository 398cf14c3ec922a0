import type { Instance } from '../instance.ts';

/** A setting of the server. */
export interface Setting {
  readonly name: string;
  /** As people write it: `128MB`. Null stands for what is not shown. */
  readonly value: string | null;
  readonly default: string | null;
  /** What it is counted in when it is given without a unit. */
  readonly unit: string | null;
  /** Where its value is from: `configuration file`, `database` ... */
  readonly source: string;
  /** It is changed by a restart alone. */
  readonly needsRestart: boolean;
  /** The file says something else by now, and a restart has to make it so. */
  readonly pendingRestart: boolean;
  readonly description: string;
  readonly differs: boolean;
  readonly secret: boolean;
}

interface Row extends Omit<Setting, 'value' | 'default' | 'secret'> {
  readonly value: string;
  readonly bootValue: string | null;
  readonly type: 'bool' | 'enum' | 'integer' | 'real' | 'string';
}

/**
 * What our own connection has brought along (`client`) is not of the server; what the server finds out for itself
 * (`override`: where its files are) nobody has set.
 */
const SETTINGS = `
select name, current_setting(name) as value, boot_val as "bootValue", unit, source, context = 'postmaster' as "needsRestart",
  pending_restart as "pendingRestart", short_desc as description, vartype as type,
  setting is distinct from boot_val and source not in ('default', 'client', 'session', 'override') as differs
from pg_settings where name <> 'application_name' order by name`;

/**
 * Texts that hold, or are made to hold, a password or a token: connection strings, commands of a shell, and whatever an
 * extension calls so. Values out of a closed list (password_encryption) are no secret.
 */
const SECRET = /conninfo|_command$|passw|passphrase|secret|token|credential|api_?key|private/i;

/** All settings by name. Rejects with an InstanceError. */
export async function readSettings(instance: Instance): Promise<Setting[]> {
  // Without limits of our own, which would be shown instead of the server's.
  const rows = await instance.observer.ask<Row>({ text: SETTINGS, limits: 'server' });
  return rows.map(({ type, bootValue, value, ...row }) => {
    const secret = type === 'string' && SECRET.test(row.name) && (value !== '' || (bootValue ?? '') !== '');
    const usual = bootValue === null ? null : inUnits(bootValue, row.unit);
    return { ...row, secret, value: secret ? null : value, default: secret ? null : usual };
  });
}

const MEMORY: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };
const TIME: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `16384` of 8kB is `128MB`: the largest unit that it is a whole number of, as the server writes values itself. */
export function inUnits(text: string, unit: string | null): string {
  const [, factor, name] = /^(\d*)(B|kB|MB|ms|s|min)$/.exec(unit ?? '') ?? [];
  const amount = Number(text);
  if (name === undefined || !Number.isFinite(amount) || amount <= 0) return text;
  const units = name in MEMORY ? MEMORY : TIME;
  const base = amount * Number(factor === '' ? 1 : factor) * (units[name] ?? 1);
  const [largest, size] = Object.entries(units)
    .filter(([, of]) => base % of === 0)
    .at(-1) ?? [name, units[name] ?? 1];
  return `${base / size}${largest}`;
}
