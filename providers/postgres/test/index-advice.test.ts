import { loadModule } from 'libpg-query';
import { beforeAll, expect, test } from 'vitest';
import { columnsFor } from '../src/explain/index-advice.ts';

beforeAll(async () => loadModule());

test.each([
  ['(tracking = $1)', ['tracking']],
  ["((page)::text = 'a'::text)", ['page']],
  ['((placed_at > $1) AND (customer = 4) AND (cents < 5))', ['customer', 'placed_at']],
  ['($1 = v.customer)', ['customer']],
  ['((a = 1) OR (b = 2))', []],
  ['(a = b)', []],
  ['(lower(name) = $1)', []],
  ['(NOT (SubPlan 1))', []],
  ['((a = 1) AND (hashed SubPlan 1))', []],
  ["(name ~~ 'x%'::text)", []],
])('for %s it is an index on %j', (condition, columns) => {
  expect(columnsFor(condition)).toEqual(columns);
});
