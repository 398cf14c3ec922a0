import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

/** What is shipped: a few classes of one region. A company puts its own prices in a file of its own. */
export const SHIPPED_PRICES = fileURLToPath(new URL('../../rds-prices.yaml', import.meta.url));

const PriceTable = z.strictObject({
  asOf: z.iso.date(),
  currency: z.string().min(1).max(8),
  hoursPerMonth: z.number().positive().default(730),
  regions: z.record(
    z.string(),
    z.strictObject({
      hourly: z.record(z.string(), z.number().nonnegative()).describe('By class, for one instance in one zone'),
      storageGbMonth: z.record(z.string(), z.number().nonnegative()).default({}).describe('By storage type'),
    }),
  ),
});
type PriceTable = z.output<typeof PriceTable>;

interface Wanted {
  readonly region: string;
  readonly instanceClass: string;
  readonly storageType: string;
  readonly storageGb: number;
}

/** Reads the table anew, so that an edit counts at once, and says what a month costs, or why that is not known. */
export async function costInWords(file: string, wanted: Wanted): Promise<string> {
  const table = await readTable(file);
  if (typeof table === 'string') return `What it costs is not known: ${table}.`;
  const { region, instanceClass, storageType, storageGb } = wanted;
  const of = `${basename(file)} of ${table.asOf}`;
  const prices = table.regions[region];
  if (prices === undefined) return `What it costs is not known: ${of} has no prices of ${region}.`;
  const hourly = prices.hourly[instanceClass];
  if (hourly === undefined) return `What it costs is not known: ${of} has no price of ${instanceClass} in ${region}.`;
  const machine = hourly * table.hoursPerMonth;
  const perGb = prices.storageGbMonth[storageType];
  const amount = (value: number): string => `${value.toFixed(value < 100 ? 2 : 0)} ${table.currency}`;
  if (perGb === undefined) {
    return `It costs about ${amount(machine)} a month without its storage (${of} has no price of ${storageType}): an estimate, not a bill.`;
  }
  const storage = perGb * storageGb;
  const parts = `${instanceClass} ${amount(machine)}, ${storageGb} GB of ${storageType} ${amount(storage)}`;
  return `It costs about ${amount(machine + storage)} a month (${parts}): an estimate by ${of}, not a bill.`;
}

async function readTable(file: string): Promise<PriceTable | string> {
  let content: unknown;
  try {
    content = parse(await readFile(file, 'utf8'), { prettyErrors: false });
  } catch {
    return `${file} cannot be read, or is no YAML`;
  }
  const table = PriceTable.safeParse(content);
  if (table.success) return table.data;
  const [issue] = table.error.issues;
  return `${file} is not a table of prices (${issue?.path.join('.')}: ${issue?.message})`;
}
