import type { Leaf } from './leaf.ts';

/** One of the CLI's own commands: what help and completion need is here, the rest is loaded when it runs. */
export interface Builtin {
  readonly words: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<Leaf>;
  /** What its first argument is, for completion. */
  readonly argument?:
    | 'request'
    | 'to-approve'
    | 'to-review'
    | 'waiting'
    | 'undoable'
    | 'extendable'
    | 'schedule'
    | 'unknown'
    | 'action'
    | 'profile'
    | 'token'
    | 'session'
    | 'person'
    | 'team'
    | 'service'
    | 'environment'
    | 'provider'
    | 'shell'
    | 'folder'
    | 'cases';
}

export const GROUPS: Readonly<Record<string, string>> = {
  requests: 'Requests: list, watch, approve, take back',
  schedules: 'Schedules: requests that are filed again and again',
  actions: 'What can be done: the catalogue',
  audit: 'Who did what, when',
  policy: 'Policy: who may do what, why, and what a change would do',
  people: 'People: their teams, who is on call',
  teams: 'Teams: who is in them, what they own',
  services: 'Services: who owns them, what they need',
  environments: 'Environments: how to reach them, what runs there',
  providers: 'Providers: whether they answer, how calls of them went',
  tokens: 'Tokens of yours and of your machines',
  sessions: 'Where you are signed in',
};

export const BUILTINS: readonly Builtin[] = [
  { words: ['requests', 'list'], summary: 'List requests', load: async () => (await import('./requests-list.ts')).requestsList },
  {
    words: ['requests', 'show'],
    summary: 'Show one request',
    argument: 'request',
    load: async () => (await import('./requests-show.ts')).requestsShow,
  },
  {
    words: ['requests', 'watch'],
    summary: 'Follow a request to its end',
    argument: 'request',
    load: async () => (await import('./requests-show.ts')).requestsWatch,
  },
  {
    words: ['requests', 'approve'],
    summary: 'Approve what a request would do',
    argument: 'to-approve',
    load: async () => (await import('./requests-decide.ts')).requestsApprove,
  },
  {
    words: ['requests', 'reject'],
    summary: 'Reject a request, saying why',
    argument: 'to-approve',
    load: async () => (await import('./requests-decide.ts')).requestsReject,
  },
  {
    words: ['requests', 'withdraw'],
    summary: 'Take back a request of yours that waits for approval',
    argument: 'request',
    load: async () => (await import('./requests-decide.ts')).requestsWithdraw,
  },
  {
    words: ['requests', 'cancel'],
    summary: 'Stop a request that is queued or running',
    argument: 'request',
    load: async () => (await import('./requests-decide.ts')).requestsCancel,
  },
  {
    words: ['requests', 'break-glass'],
    summary: 'In an emergency: run a request without its approvals',
    argument: 'waiting',
    load: async () => (await import('./requests-glass.ts')).requestsBreakGlass,
  },
  {
    words: ['requests', 'review'],
    summary: 'Close the review of a request whose glass was broken',
    argument: 'to-review',
    load: async () => (await import('./requests-glass.ts')).requestsReview,
  },
  {
    words: ['requests', 'undo'],
    summary: 'Undo what a request has done, with a request of its own',
    argument: 'undoable',
    load: async () => (await import('./requests-undo.ts')).requestsUndo,
  },
  {
    words: ['requests', 'connect'],
    summary: 'Connect to what a request of yours has opened',
    argument: 'extendable',
    load: async () => (await import('./requests-connect.ts')).requestsConnect,
  },
  {
    words: ['requests', 'resolve'],
    summary: 'Say what became of a run whose outcome is unknown, when its provider cannot',
    argument: 'unknown',
    load: async () => (await import('./requests-resolve.ts')).requestsResolve,
  },
  {
    words: ['requests', 'extend'],
    summary: 'Put off the end of what was asked for a while',
    argument: 'extendable',
    load: async () => (await import('./requests-extend.ts')).requestsExtend,
  },
  {
    words: ['schedules', 'list'],
    summary: 'List schedules',
    load: async () => (await import('./schedules.ts')).schedulesList,
  },
  {
    words: ['schedules', 'show'],
    summary: 'Show one: its next times, and what became of the last ones',
    argument: 'schedule',
    load: async () => (await import('./schedules.ts')).schedulesShow,
  },
  {
    words: ['schedules', 'create'],
    summary: 'File a request again and again, each time as you',
    load: async () => (await import('./schedules.ts')).schedulesCreate,
  },
  {
    words: ['schedules', 'pause'],
    summary: 'File nothing until it is resumed',
    argument: 'schedule',
    load: async () => (await import('./schedules.ts')).schedulesPause,
  },
  {
    words: ['schedules', 'resume'],
    summary: 'Go on, from the next time',
    argument: 'schedule',
    load: async () => (await import('./schedules.ts')).schedulesResume,
  },
  {
    words: ['schedules', 'delete'],
    summary: 'File nothing any more',
    argument: 'schedule',
    load: async () => (await import('./schedules.ts')).schedulesDelete,
  },
  {
    words: ['actions', 'list'],
    summary: 'List the actions that you may see',
    load: async () => (await import('./actions.ts')).actionsList,
  },
  {
    words: ['actions', 'show'],
    summary: 'Show one action',
    argument: 'action',
    load: async () => (await import('./actions.ts')).actionsShow,
  },
  {
    words: ['audit', 'list'],
    summary: 'List the audit log, newest first',
    load: async () => (await import('./audit-list.ts')).auditList,
  },
  {
    words: ['audit', 'reconcile'],
    summary: 'Compare the record of runs with the ledgers of providers',
    load: async () => (await import('./audit-reconcile.ts')).auditReconcile,
  },
  {
    words: ['audit', 'verify'],
    summary: 'Check that nobody has changed the audit log',
    load: async () => (await import('./audit-verify.ts')).auditVerify,
  },
  {
    words: ['audit', 'export'],
    summary: 'Write the sealed events as JSON Lines',
    load: async () => (await import('./audit-export.ts')).auditExport,
  },
  {
    words: ['audit', 'heads'],
    summary: 'Write the signed heads of the audit log as JSON Lines',
    load: async () => (await import('./audit-export.ts')).auditHeads,
  },
  {
    words: ['audit', 'proof'],
    summary: 'Prove that an event is in the audit log',
    load: async () => (await import('./audit-proof.ts')).auditProof,
  },
  {
    words: ['policy', 'list'],
    summary: 'List the rules in force',
    load: async () => (await import('./policy.ts')).policyList,
  },
  {
    words: ['policy', 'check'],
    summary: 'Check files of policies',
    argument: 'folder',
    load: async () => (await import('./policy.ts')).policyCheck,
  },
  {
    words: ['policy', 'test'],
    summary: 'Run test cases against policies',
    argument: 'cases',
    load: async () => (await import('./policy-test.ts')).policyTest,
  },
  {
    words: ['policy', 'explain'],
    summary: 'Why a decision is what it is, and what would change it',
    argument: 'request',
    load: async () => (await import('./policy-explain.ts')).policyExplain,
  },
  {
    words: ['policy', 'replay'],
    summary: 'Which recorded requests would now be decided otherwise',
    load: async () => (await import('./policy-replay.ts')).policyReplay,
  },
  { words: ['people', 'list'], summary: 'List people', load: async () => (await import('./directory.ts')).peopleList },
  {
    words: ['people', 'show'],
    summary: 'Show one person',
    argument: 'person',
    load: async () => (await import('./directory.ts')).peopleShow,
  },
  { words: ['teams', 'list'], summary: 'List teams', load: async () => (await import('./directory.ts')).teamsList },
  {
    words: ['teams', 'show'],
    summary: 'Show one team',
    argument: 'team',
    load: async () => (await import('./directory.ts')).teamsShow,
  },
  { words: ['services', 'list'], summary: 'List services', load: async () => (await import('./directory.ts')).servicesList },
  {
    words: ['services', 'show'],
    summary: 'Show one service',
    argument: 'service',
    load: async () => (await import('./directory.ts')).servicesShow,
  },
  {
    words: ['environments', 'list'],
    summary: 'List environments',
    load: async () => (await import('./environments.ts')).environmentsList,
  },
  {
    words: ['environments', 'show'],
    summary: 'Show one environment: how to reach it, what runs there',
    argument: 'environment',
    load: async () => (await import('./environments.ts')).environmentsShow,
  },
  {
    words: ['providers', 'list'],
    summary: 'List providers',
    load: async () => (await import('./providers.ts')).providersList,
  },
  {
    words: ['providers', 'show'],
    summary: 'Show one provider: whether it answers, how calls of it went',
    argument: 'provider',
    load: async () => (await import('./providers.ts')).providersShow,
  },
  {
    words: ['company'],
    summary: 'The files of people and things: since when they count, and what is wrong with them',
    load: async () => (await import('./directory.ts')).company,
  },
  { words: ['tokens', 'list'], summary: 'List your tokens', load: async () => (await import('./tokens.ts')).tokensList },
  {
    words: ['tokens', 'create'],
    summary: 'Create a token and print it, once',
    load: async () => (await import('./tokens.ts')).tokensCreate,
  },
  {
    words: ['tokens', 'revoke'],
    summary: 'Revoke a token, now',
    argument: 'token',
    load: async () => (await import('./tokens.ts')).tokensRevoke,
  },
  {
    words: ['sessions', 'list'],
    summary: 'List where you are signed in',
    load: async () => (await import('./sessions.ts')).sessionsList,
  },
  {
    words: ['sessions', 'revoke'],
    summary: 'End one of your sessions, now',
    argument: 'session',
    load: async () => (await import('./sessions.ts')).sessionsRevoke,
  },
  { words: ['whoami'], summary: 'Who you are to the gateway', load: async () => (await import('./whoami.ts')).whoami },
  { words: ['login'], summary: 'Sign in to a gateway', load: async () => (await import('./login.ts')).login },
  {
    words: ['logout'],
    summary: 'Sign out, here or everywhere',
    argument: 'profile',
    load: async () => (await import('./logout.ts')).logout,
  },
  { words: ['profiles'], summary: 'List the profiles', load: async () => (await import('./profiles.ts')).profiles },
  {
    words: ['use'],
    summary: 'Make a profile the current one',
    argument: 'profile',
    load: async () => (await import('./profiles.ts')).use,
  },
  {
    words: ['completion'],
    summary: 'Print the completion script of a shell',
    argument: 'shell',
    load: async () => (await import('./completion.ts')).completion,
  },
  { words: ['version'], summary: 'Print the version', load: async () => (await import('./version.ts')).version },
];

/** The command that the words begin with, or undefined. */
export function findBuiltin(words: readonly string[]): Builtin | undefined {
  return BUILTINS.find((builtin) => builtin.words.every((word, index) => words[index] === word));
}
