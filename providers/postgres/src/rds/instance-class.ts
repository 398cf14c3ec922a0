/** Sizes of machines, small ones first; from `2xlarge` on the number counts. */
const SIZES = ['nano', 'micro', 'small', 'medium', 'large', 'xlarge'];

function rankOf(instanceClass: string): number | undefined {
  const size = instanceClass.split('.').at(-1) ?? '';
  const times = /^(\d+)xlarge$/.exec(size)?.[1];
  if (times !== undefined) return SIZES.length - 1 + Math.log2(Number(times));
  const rank = SIZES.indexOf(size);
  return rank < 0 ? undefined : rank;
}

/** Negative when the first is the smaller one; 0 when that cannot be told. */
export function compareSizes(one: string, other: string): number {
  const [first, second] = [rankOf(one), rankOf(other)];
  return first === undefined || second === undefined ? 0 : first - second;
}

/** By family, then by size: `db.m5.large`, `db.m5.2xlarge`, `db.r5.large`. */
export function compareClasses(one: string, other: string): number {
  const family = (name: string): string => name.slice(0, name.lastIndexOf('.'));
  return family(one).localeCompare(family(other)) || compareSizes(one, other) || one.localeCompare(other);
}
