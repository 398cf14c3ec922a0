import { expect, test } from 'vitest';
import { SearchIndex } from '../src/audit/search-index.ts';
import { testLog } from './support/sealed-log.ts';

test('an event of a month whose part of the search was dropped is found after another try', async () => {
  const log = await testLog();
  try {
    const index = new SearchIndex({ db: log.db, holder: 'test', onError: () => {} });
    await log.write(1);
    expect(await index.step()).toBe(1);
    const parts = await log.sql<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_search'::regclass`,
    );
    await log.sql(`drop table ${parts.map(({ name }) => name).join(', ')}`);
    await log.write(1);
    await expect(index.step()).rejects.toThrow('no partition');
    expect(await index.step()).toBe(1);
    expect(await log.sql('select from audit_search')).toHaveLength(1);
  } finally {
    await log.close();
  }
});
