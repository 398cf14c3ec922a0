import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { startPostgres } from '@guichet/postgres-server';
import { createDatabase, temporaryDataDir } from '@guichet/postgres-server/testing';
import { benchActivity } from './activity.ts';
import { benchApprove } from './approve.ts';
import { benchAuditAppend } from './audit-append.ts';
import { benchAuditVerify } from './audit-verify.ts';
import { benchConsole } from './console.ts';
import { benchDecision } from './decision.ts';
import { benchIdle } from './idle.ts';
import { benchList } from './list.ts';
import { benchRead } from './read.ts';
import { benchRecovery } from './recovery.ts';
import { benchSearch } from './search.ts';
import { benchStartUp } from './start-up.ts';
import type { Result } from './statistics.ts';
import { benchSubmit } from './submit.ts';
import { benchTunnel } from './tunnel.ts';
import { benchWatch } from './watch.ts';

const BENCHES = {
  decision: benchDecision,
  submit: benchSubmit,
  read: benchRead,
  approve: benchApprove,
  'audit-append': benchAuditAppend,
  'audit-verify': benchAuditVerify,
  'start-up': benchStartUp,
  idle: benchIdle,
  recovery: benchRecovery,
  watch: benchWatch,
  list: benchList,
  search: benchSearch,
  activity: benchActivity,
  tunnel: benchTunnel,
  console: benchConsole,
} as const;

/** `npm run bench [-- NAME ...]`: all of them, or the named ones. Only a run of all of them writes RESULTS.md. */
const wanted = process.argv.slice(2);
const dataDir = await temporaryDataDir();
const server = await startPostgres({
  dataDir,
  settings: { fsync: 'on', synchronous_commit: 'on', shared_buffers: '512MB', max_connections: '200' },
});
const results: Result[] = [];
try {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    const database = await createDatabase(server.url);
    results.push(...(await bench(database.url)));
    await database.drop();
  }
} finally {
  await server.stop();
}
const lines = results.map(
  ({ name, figures, bound, holds }) =>
    `| ${name} | ${Object.entries(figures)
      .map(([key, value]) => `${key} ${value}`)
      .join(' · ')} | ${bound} | ${holds ? 'holds' : 'MISSED'} |`,
);
const table = ['| what | measured | bound | |', '|---|---|---|---|', ...lines].join('\n');
process.stdout.write(`${table}\n`);
if (wanted.length === 0) {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, PostgreSQL 18 with fsync, everything on one machine`;
  await writeFile(
    new URL('../RESULTS.md', import.meta.url),
    `# Results\n\nCommand: \`npm run bench\`, ${new Date().toISOString().slice(0, 10)}.\nMachine: ${machine}.\nEach bound is a ratio or a difference to a floor measured in the same run.\n\n${table}\n`,
  );
}
process.exitCode = results.every(({ holds }) => holds) ? 0 : 1;
