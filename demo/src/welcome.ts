export interface Welcome {
  readonly url: string;
  /** Pid of the session that blocks production. */
  readonly blocker: number | undefined;
  /** The file of profiles, where the command line has to be told. */
  readonly profiles: string | undefined;
}

/** What `npm start` prints when all is up: the address, who is who, and what to try. */
export function welcome({ url, blocker, profiles }: Welcome): string {
  const pid = blocker ?? 'PID';
  const configured = profiles === undefined ? '' : `\n  export GUICHET_CONFIG='${profiles}'      # in each terminal`;
  return `
Guichet is open at ${url}   (API: ${url}/docs)

People of the demo, each a profile of the command line:
  nadia   developer, team payments (you, unless you say otherwise)
  amine   her teammate, team payments
  sven    SRE, team platform
  marta   manager, team payments

In production a migration holds locks, and checkouts wait behind it. In a second terminal:${configured}
  ./guichet postgres blocking --instance pg1 --env production
  ./guichet postgres terminate-session --instance pg1 --pid ${pid} --env production --reason "migration stuck, orders are timing out"
and, as the second person, in a third one (REQ is the id that the second command shows, such as REQ-1):
  GUICHET_PROFILE=amine ./guichet requests list --to-approve
  GUICHET_PROFILE=amine ./guichet requests approve REQ --comment "go"
The migration comes back 45 s later, as another session: blocking shows its pid.

Try also:
  ./guichet orders refund --order A-1042 --amount 1250 --env production --reason "damaged goods"
  ./guichet audit list
  export PATH="$PWD:$PATH"; source <(guichet completion bash)      # guichet without ./, as its hints write it; Tab completes

Ctrl-C stops everything.
`;
}
