import { parseArgs } from 'node:util';
import { GuichetError } from '@guichet/contract';
import { FLAGS, failDemo, runDemo } from '../run-demo.ts';

const COMMAND = 'npm run replicas';
const MOST = 9;
const HELP = `npm run replicas: brings up several gateways on one PostgreSQL, with a small company around them

  npm run replicas             Two gateways behind a small load balancer, which listens on port 4400.
  npm run replicas -- 3        Three of them, ${MOST} at most. Ctrl-C stops everything.
  npm run replicas -- 3 --port 4500
                               The balancer on another port; the gateways on 4511, 4512 and 4513.
  npm run replicas -- 3 --database postgres://guichet:secret@db.example.com/guichet
                               On a PostgreSQL of yours instead of one that is brought along.
  npm run replicas -- 3 --identity-port 4501
                               Where people sign in on another port than the one after the balancer's.
  npm run replicas -- 3 --data DIR
                               Keeps its data there instead of in .data, which npm start has too.
  npm run replicas -- 3 --reset
                               Forgets all data of the demo first.

It prints the addresses and what to try: approve at one gateway, watch at another, cancel at a third, kill one.
docs/guide/operations.md says what to expect.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { ...FLAGS, database: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.help) return void process.stdout.write(HELP);
  const replicas = { count: countOf(positionals), databaseUrl: values.database };
  await runDemo({ command: COMMAND, flags: values, replicas });
}

function countOf([text = '2', ...more]: readonly string[]): number {
  const count = Number(text);
  if (more.length === 0 && Number.isInteger(count) && count >= 1 && count <= MOST) return count;
  throw new GuichetError('usage.invalid', `'${[text, ...more].join(' ')}' is no number of gateways.`, {
    remedy: `Choose one from 1 to ${MOST}: ${COMMAND} -- 3`,
  });
}

await main().catch(failDemo(COMMAND));
