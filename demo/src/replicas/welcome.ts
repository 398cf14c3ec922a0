import { PASSWORD } from '../people.ts';
import type { Welcome } from '../welcome.ts';
import type { Replica } from './gateways.ts';

/** What `npm run replicas` prints when all is up: the addresses, and what to try with several gateways. */
export function replicasWelcome({
  url,
  issuer,
  people,
  profiles,
  gateways,
  orders,
}: Welcome & { gateways: readonly Replica[]; orders: number | undefined }): string {
  const configured = profiles === undefined ? '' : `\n  export GUICHET_CONFIG='${profiles}'      # in each terminal`;
  const at = (index: number): string => `GUICHET_URL=${gateways[index % gateways.length]?.url ?? url}`;
  return `
Guichet is open at ${url}   (a load balancer; the header x-guichet-gateway says who answered)
${gateways.map(({ number, url: address, process, logFile }) => `  gateway ${number} at ${address}   process ${process.pid()}   ${logFile}`).join('\n')}

Who can sign in, all with the password '${PASSWORD}' (their accounts are at ${issuer}):
${people.map(({ name, title }) => `  ${name.padEnd(6)}  ${title}`).join('\n')}

Open ${url} in a browser and sign in as nadia.

A token belongs to no gateway: with it each gateway can be called by itself. In a second terminal:${configured}
  ./guichet login                                   # as nadia
  NADIA=$(./guichet tokens create --name trial --expires-in 1d)
  GUICHET_PROFILE=amine ./guichet login             # as amine, of the team that owns it
  AMINE=$(GUICHET_PROFILE=amine ./guichet tokens create --name trial --expires-in 1d)

File at the balancer, approve at one gateway, watch at another, cancel at a third (REQ is the id that the first command shows):
  ./guichet orders reindex --env production --reason "search is stale" --no-wait
  ${at(1)} GUICHET_TOKEN=$NADIA ./guichet requests watch REQ          # in another terminal
  ${at(0)} GUICHET_TOKEN=$AMINE ./guichet requests approve REQ --comment go -y
  ${at(2)} GUICHET_TOKEN=$NADIA ./guichet requests cancel REQ

Kill the gateway that runs it (requests show REQ names its process): within 10 s the others notice, and ask the provider what
became of it. A killed gateway comes back by itself, and so does a killed PostgreSQL.
  kill -9 ${gateways[0]?.process.pid() ?? 'PID'}
Kill the orders service in the middle of a run, and it has forgotten it: the run stays unknown, others on the index wait, and
somebody who did not ask for it says what they found, from 70 s after its start.
  kill -9 ${orders ?? 'PID'}
  GUICHET_TOKEN=$AMINE GUICHET_URL=${url} ./guichet requests resolve REQ --as failed --reason "half of the index is missing"
Restart the gateways one after the other with kill -TERM: nobody who calls ${url} notices.

Ctrl-C stops everything.
`;
}
