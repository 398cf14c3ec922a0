import { type DemoPerson, PASSWORD } from './people.ts';

export interface Welcome {
  readonly url: string;
  /** Where people sign in. */
  readonly issuer: string;
  readonly people: readonly DemoPerson[];
  /** Pid of the session that blocks production. */
  readonly blocker: number | undefined;
  /** The file of profiles, where the command line has to be told. */
  readonly profiles: string | undefined;
}

/** What `npm start` prints when all is up: the address, who can sign in, and what to try. */
export function welcome({ url, issuer, people, blocker, profiles }: Welcome): string {
  const pid = blocker ?? 'PID';
  const configured = profiles === undefined ? '' : `\n  export GUICHET_CONFIG='${profiles}'      # in each terminal`;
  return `
Guichet is open at ${url}   (API: ${url}/docs)

Who can sign in, all with the password '${PASSWORD}' (their accounts are at ${issuer}):
${people.map(({ name, title }) => `  ${name.padEnd(6)}  ${title}`).join('\n')}

Open ${url} in a browser and sign in as nadia. All of it can be done in a terminal too.

In production a migration holds locks, and checkouts wait behind it. In a second terminal:${configured}
  ./guichet login                      # as nadia: a browser opens, or you open the page that it shows
  ./guichet postgres blocking --instance pg1 --env production
  ./guichet postgres terminate-session --instance pg1 --pid ${pid} --env production --reason "migration stuck, orders are timing out"
and as the second person, in a third one (REQ is the id that the command above shows, such as REQ-1):
  export GUICHET_PROFILE=amine
  ./guichet login                      # as amine: a browser that knows nadia has a link for somebody else
  ./guichet requests list --to-approve
  ./guichet requests approve REQ --comment "go"
The migration comes back 45 s later, as another session: blocking shows its pid.

Try also:
  ./guichet postgres health --instance pg1 --env production      # what is wrong there, and what mends it
  ./guichet postgres activity --instance pg1 --env production --watch      # live; q leaves
  ./guichet postgres connect --instance pg2 --database orders --env staging      # psql for an hour, without a password
  ./guichet postgres create-read-replica --source-instance pg1 --replica-suffix flow --env production --for 1h --reason "reports"
  ./guichet orders refund --order A-1042 --amount 1250 --env production --reason "damaged goods"
  ./guichet orders hold --order A-1044 --env production --for 2m --reason "looks like fraud"      # undone by itself
  ./guichet audit list
  ./guichet sessions list              # where you are signed in; guichet logout --everywhere ends them all
  export PATH="$PWD:$PATH"; source <(guichet completion bash)      # guichet without ./, as its hints write it; Tab completes

Ctrl-C stops everything.
`;
}
