import { parseArgs } from 'node:util';
import { FLAGS, failDemo, runDemo } from './run-demo.ts';

const COMMAND = 'npm start';
const HELP = `npm start: brings up Guichet with a small company around it

  npm start                    Starts everything; Ctrl-C stops everything.
  npm start -- --port 4500     The gateway on another port than 4400.
  npm start -- --identity-port 4501
                               Where people sign in on another port than the next one.
  npm start -- --data DIR      Keeps its data there instead of in .data.
  npm start -- --reset         Forgets all data of the demo first.

npm run replicas -- 3 starts the same company with three gateways.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: FLAGS });
  if (values.help) return void process.stdout.write(HELP);
  await runDemo({ command: COMMAND, flags: values });
}

await main().catch(failDemo(COMMAND));
