import { createInterface } from 'node:readline';
import pg from 'pg';

/*
 * Stands in for psql, which is not on every machine that tests: it takes its connection from the environment, as psql does,
 * runs each line of its input, and prints the rows. `\exit N` ends it with that code, `\error` with that of an error.
 */
const client = new pg.Client({ user: process.env['PGUSER'] ?? '' });
let fatal = '';
client.on('error', (error) => {
  fatal = error.message;
});
// Ctrl-C ends what runs, and not psql.
process.on('SIGINT', () => process.stdout.write('cancelled\n'));
await client.connect();
process.stdout.write(`psql in ${client.database}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const [, code] = /^\\exit (\d+)$/.exec(line) ?? [];
  if (code !== undefined) process.exit(Number(code));
  try {
    const { rows } = await client.query(line);
    process.stdout.write(`${JSON.stringify(rows)}\n`);
  } catch (error) {
    process.stdout.write(`${fatal || (error instanceof Error ? error.message : String(error))}\n`);
    if (fatal !== '') process.exit(2);
  }
}
await client.end();
