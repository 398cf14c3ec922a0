import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import {
  type Company,
  DEFAULT_POLICIES,
  Policy,
  PolicySet,
  parseCompany,
  type Question,
  readPolicyFiles,
} from '@guichet/gateway';
import { nowMs, quantile, type Result, round } from './statistics.ts';

const PEOPLE = 600;
const TEAMS = 80;
const SERVICES = 500;
const POLICIES = 50;
const DECISIONS = 4000;

/** A company of the size that the bound speaks of. */
function largeCompany(): Company {
  // Eight report to one, up to the first person.
  const managerOf = (n: number): string => (n === 0 ? '' : `, manager: person-${Math.floor((n - 1) / 8)}`);
  const people = range(PEOPLE, (n) => `  - { name: person-${n}, fullName: Person ${n}${managerOf(n)} }`);
  const teams = range(TEAMS, (n) => {
    const members = range(PEOPLE, (person) => (person % TEAMS === n || (person * 7) % TEAMS === n ? `person-${person}` : ''));
    return `  - { name: team-${n}, members: [${members.filter((name) => name !== '').join(', ')}], onCall: [person-${n}] }`;
  });
  const services = range(SERVICES, (n) => `  - { name: service-${n}, team: team-${n % TEAMS} }`);
  const text = `people:\n${people.join('\n')}\nteams:\n${teams.join('\n')}\nservices:\n${services.join('\n')}\n`;
  return parseCompany(text, 'company.yaml');
}

/** The rules to start with, and as many more as make fifty: gates and prohibitions of single teams, actions and places. */
function fiftyPolicies(): { set: PolicySet; texts: string[] } {
  const files = readPolicyFiles(DEFAULT_POLICIES);
  const vocabulary = { environments: ['production', 'staging'], actions: [], known: () => true };
  const have = PolicySet.parse(files, vocabulary).set?.rules.length ?? 0;
  const more = range(POLICIES - have, (n) =>
    n % 2 === 0
      ? `@id("more-${n}") @approvers("team:team-${n}") @reason("It is theirs") forbid (principal, action in Action::"write", resource in Team::"team-${n}")
         when { context.environment == "production" && resource.type == "kind-${n % 5}" } unless { context.approvals.contains("more-${n}") };`
      : `@id("more-${n}") forbid (principal, action in Action::"provider-${n}.*", resource) unless { principal in Team::"team-${n}" };`,
  );
  const { set, findings } = PolicySet.parse([...files, { path: 'more.cedar', text: more.join('\n') }], vocabulary);
  if (set === undefined) throw new Error(findings.map(({ message }) => message).join('; '));
  return { set, texts: set.rules.map(({ text }) => text) };
}

/** How long one decision takes: of a kind never asked before, and of one that was; beside Cedar that parses its policies each time. */
export async function benchDecision(): Promise<Result[]> {
  const company = largeCompany();
  const { set, texts } = fiftyPolicies();
  const policy = new Policy({ company: () => company, set });
  const questions = range(DECISIONS + 500, (n) => questionOf(company, n));
  for (const question of questions.slice(0, 500)) policy.decide(question);
  const fresh = questions.slice(500).map((question) => timed(() => policy.decide(question)));
  const again = questions.slice(-500).map((question) => timed(() => policy.decide(question)));
  const staticPolicies = Object.fromEntries(texts.map((text, index) => [`policy-${index}`, text]));
  const parsing = range(300, () => timed(() => void isAuthorized({ ...PEER, policies: { staticPolicies } })));
  const [p50, p99] = [quantile(fresh, 0.5), quantile(fresh, 0.99)];
  return [
    {
      name: `one decision, ${set.rules.length} policies, ${PEOPLE} people, ${TEAMS} teams, ${SERVICES} services`,
      figures: {
        'p50 ms': round(p50),
        'p99 ms': round(p99),
        'asked before, p50 ms': round(quantile(again, 0.5)),
        'Cedar parsing each time, p50 ms': round(quantile(parsing, 0.5)),
        ratio: round(p50 / quantile(parsing, 0.5)),
      },
      bound: 'p50 at most 0.2 ms',
      holds: p50 <= 0.2,
    },
  ];
}

/** Submits, reads, approvals and looks, in turn, of different people on different things: no two alike. */
function questionOf(company: Company, n: number): Question {
  const member = company.member(`user:person-${n % PEOPLE}`);
  if (member === undefined) throw new Error('the company lacks a person');
  // A person of their own in each question, so that no answer is known from the one before.
  const principal = { ...member, id: `user:somebody-${n}` as const, scope: {} };
  const resource = { type: `kind-${n % 5}`, id: `thing-${n}`, owner: `team-${n % TEAMS}` };
  const action = { id: `provider-${n % 40}.change`, kind: 'write', risk: n % 3 === 0 ? 'destructive' : 'reversible' } as const;
  const place = { resource, environment: n % 2 === 0 ? 'production' : 'staging', input: { target: `thing-${n}` } };
  switch (n % 4) {
    case 0:
    case 1:
      return { operation: 'action.submit', principal, action, ...place };
    case 2:
      return { operation: 'action.read', principal, action: { ...action, kind: 'read', risk: 'safe' }, ...place };
    default: {
      const gates = [{ policy: 'x', approvers: `team:${resource.owner}`, count: 1, reason: 'r' }];
      return {
        operation: 'request.approve',
        principal,
        action,
        ...place,
        context: { requesterId: `user:person-${n + 1}`, gates },
      };
    }
  }
}

const uid = (type: string, id: string) => ({ type, id });
/** What a gateway without preparsed policies would ask for a write. */
const PEER = {
  principal: uid('User', 'person-1'),
  action: uid('Action', 'provider-1.change'),
  resource: uid('Resource', 'kind-1:thing-1'),
  context: { environment: 'production', risk: 'reversible', input: {}, approvals: [] },
  entities: [
    { uid: uid('User', 'person-1'), attrs: { name: 'Person 1' }, parents: [uid('Team', 'team-1')] },
    { uid: uid('Action', 'provider-1.change'), attrs: {}, parents: [uid('Action', 'write')] },
    {
      uid: uid('Resource', 'kind-1:thing-1'),
      attrs: { type: 'kind-1', id: 'thing-1', owner: { __entity: uid('Team', 'team-1') } },
      parents: [uid('Team', 'team-1')],
    },
  ],
};

function timed(work: () => unknown): number {
  const start = nowMs();
  work();
  return nowMs() - start;
}

const range = <T>(length: number, make: (n: number) => T): T[] => Array.from({ length }, (_, n) => make(n));
