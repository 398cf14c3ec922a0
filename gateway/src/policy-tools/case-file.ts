import {
  approversInWords,
  type Expected,
  type FieldError,
  GuichetError,
  type PolicyFile,
  type PolicyFinding,
} from '@guichet/contract';
import { type Company, parseCompany } from '../catalog/index.ts';
import { check, MOST_FINDINGS, placeOf, suggestion } from '../findings/index.ts';
import { TookTooLong, withinTime } from '../limits/index.ts';
import type { DecideAction, Question } from '../policy/index.ts';
import { type CaseAsWritten, type CaseFileAsWritten, CaseFileSchema } from './case-schema.ts';
import { errorAt, readYaml, type Yaml } from './yaml-text.ts';

/** What cases rest on where their file does not say it. */
export interface CaseWorld {
  /** Undefined for a caller who may not see who is in the company: cases of theirs bring one of their own. */
  readonly company: Company | undefined;
  readonly environments: readonly string[];
  readonly actions: readonly DecideAction[];
}

/** A case whose names all mean something. */
export interface PolicyCase extends Omit<CaseAsWritten, 'action' | 'resource' | 'expect' | 'policies' | 'gates'> {
  readonly path: string;
  readonly line: number;
  readonly action?: DecideAction | undefined;
  readonly resource?: NonNullable<Question['resource']> | undefined;
  readonly expected: Expected;
}

export interface CaseFile {
  readonly company: Company;
  readonly cases: readonly PolicyCase[];
}

export interface ParsedCases {
  /** Undefined when a finding is an error. */
  readonly file?: CaseFile | undefined;
  readonly findings: readonly PolicyFinding[];
}

/** Two thousand cases are read in a fraction of it. */
const READ_MS = 1500;

/** The cases of a YAML file, or what is wrong with it: each finding with its line. One that takes too long is broken off. */
export function parseCases(given: PolicyFile, world: CaseWorld): ParsedCases {
  try {
    return withinTime({ milliseconds: READ_MS, what: 'Reading this file' }, () => parsedCases(given, world));
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error;
    const about = { message: `${error.message}.`, remedy: 'Split it, and write it without aliases.' };
    return { findings: [errorAt(given.path, { line: 1, column: 1 }, about)] };
  }
}

function parsedCases(given: PolicyFile, world: CaseWorld): ParsedCases {
  const yaml = readYaml(given);
  if ('findings' in yaml) return { findings: yaml.findings };
  const value = plainValue(yaml);
  if ('finding' in value) return { findings: [value.finding] };
  const checked = check(CaseFileSchema, value.plain);
  if (!checked.ok) return { findings: checked.findings.map((finding) => findingOf(yaml, finding)) };
  const company = companyOf(checked.value, world);
  if ('findings' in company) return { findings: company.findings.map((finding) => findingOf(yaml, finding)) };
  return understood(yaml, checked.value, { ...world, company: company.company });
}

function plainValue(yaml: Yaml): { plain: unknown } | { finding: PolicyFinding } {
  try {
    return { plain: yaml.document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it cannot be read';
    return { finding: errorAt(yaml.path, { line: 1, column: 1 }, { message: `This YAML cannot be taken: ${message}.` }) };
  }
}

function companyOf({ company }: CaseFileAsWritten, world: CaseWorld): { company: Company } | { findings: readonly FieldError[] } {
  if (company === undefined) {
    if (world.company !== undefined) return { company: world.company };
    const remedy = "Describe those that the cases speak of under 'company:'.";
    return { findings: [{ field: '/', message: 'needs a company of its own: you may not see who is in ours', remedy }] };
  }
  try {
    return { company: parseCompany(JSON.stringify({ people: [], teams: [], ...company }), 'company') }; // JSON is YAML
  } catch (error) {
    if (!(error instanceof GuichetError) || error.errors === undefined) throw error;
    return { findings: error.errors.map((finding) => ({ ...finding, field: `/company${finding.field.replace(/^\/$/, '')}` })) };
  }
}

function findingOf(yaml: Yaml, { field, message, remedy }: FieldError): PolicyFinding {
  const name = field
    .split('/')
    .filter((part) => part !== '' && !/^\d+$/.test(part))
    .at(-1);
  const subject =
    field === '/' || name === undefined ? 'The file' : /\/\d+$/.test(field) ? `This entry of '${name}'` : `'${name}'`;
  return errorAt(yaml.path, placeOf(field, yaml), { message: `${subject} ${message}.`, remedy });
}

type Known = Omit<CaseWorld, 'company'> & { readonly company: Company; readonly actionsById: ReadonlyMap<string, DecideAction> };

function understood(yaml: Yaml, file: CaseFileAsWritten, world: CaseWorld & { readonly company: Company }): ParsedCases {
  const own = Object.entries(file.actions).map(([id, facts]): DecideAction => ({ id, ...facts }));
  const known: Known = {
    ...world,
    environments: file.environments ?? world.environments,
    actionsById: new Map([...world.actions, ...own].map((action) => [action.id, action])),
  };
  const findings: PolicyFinding[] = [];
  for (const [index, written] of file.cases.entries()) {
    for (const { field, ...finding } of problemsOf(written, known))
      findings.push(findingOf(yaml, { ...finding, field: `/cases/${index}${field}` }));
    if (findings.length >= MOST_FINDINGS) break;
  }
  if (findings.length > 0) return { findings };
  const cases = file.cases.map((written, index) => ({
    ...caseOf(written, known),
    path: yaml.path,
    line: placeOf(`/cases/${index}`, yaml).line,
  }));
  return { file: { company: world.company, cases }, findings: [] };
}

function caseOf(written: CaseAsWritten, { actionsById, company }: Known): Omit<PolicyCase, 'path' | 'line'> {
  const { action: id, resource, expect, policies, gates, ...rest } = written;
  const action = id === undefined ? undefined : actionsById.get(id);
  const service = resource?.service === undefined ? undefined : company.service(resource.service);
  const owner = resource?.owner ?? service?.team ?? action?.team;
  return {
    ...rest,
    action,
    resource: owner === undefined ? undefined : { type: 'thing', id: 'any', ...resource, owner },
    expected: { effect: expect, ...(policies !== undefined && { policies }), ...(gates !== undefined && { gates }) },
  };
}

/** Names that mean nothing, and what does not go together: a misspelt case would pass or fail for the wrong reason. */
function problemsOf(written: CaseAsWritten, known: Known): FieldError[] {
  const { company, environments } = known;
  const teams = [...company.teams];
  const team = (field: string, name: string | undefined): FieldError[] =>
    name === undefined || company.teams.has(name)
      ? []
      : [{ field, message: `names a team '${name}' that is not there`, remedy: suggestion(name, teams) }];
  const who = (field: string, id: string | undefined): FieldError[] =>
    id === undefined || company.member(id) !== undefined
      ? []
      : [
          {
            field,
            message: `names somebody, '${id}', who is not in the company`,
            remedy: suggestion(
              id,
              company.people.map((person) => person.id),
            ),
          },
        ];
  const { environment } = written;
  const action = written.action === undefined ? undefined : known.actionsById.get(written.action);
  return [
    ...who('/who', written.who),
    ...who('/requester', written.requester),
    ...who('/of', written.of),
    ...written.approvals.flatMap((id, at) => who(`/approvals/${at}`, id)),
    ...(written.teams ?? []).flatMap((name, at) => team(`/teams/${at}`, name)),
    ...(written.onCall ?? []).flatMap((name, at) => team(`/onCall/${at}`, name)),
    ...team('/resource/owner', written.resource?.owner),
    ...serviceProblems(written.resource?.service, company),
    ...(written.gates ?? []).flatMap(({ approvers }, at) => approverProblems(`/gates/${at}/approvers`, approvers, company)),
    ...(environment === undefined || environments.includes(environment)
      ? []
      : [
          {
            field: '/environment',
            message: `is '${environment}', which is no environment`,
            remedy: suggestion(environment, environments),
          },
        ]),
    ...(written.action === undefined || action !== undefined
      ? []
      : [
          {
            field: '/action',
            message: `is '${written.action}', which is in no catalogue`,
            remedy:
              suggestion(written.action, [...known.actionsById.keys()]) ??
              "Describe it under 'actions:', with its kind and risk.",
          },
        ]),
    ...contradictions(written, action),
  ];
}

function serviceProblems(name: string | undefined, company: Company): FieldError[] {
  if (name === undefined || company.service(name) !== undefined) return [];
  const remedy = suggestion(
    name,
    company.services.map((service) => service.name),
  );
  return [{ field: '/resource/service', message: `names a service '${name}' that is not there`, remedy }];
}

const hasOwner = (operation: string | undefined): boolean => /^(?:token|session|schedule)\./.test(operation ?? '');

function approverProblems(field: string, approvers: string, company: Company): FieldError[] {
  const name = approvers.slice(approvers.indexOf(':') + 1);
  const isThere = approvers.startsWith('user:') ? company.member(approvers) !== undefined : company.teams.has(name);
  return isThere ? [] : [{ field, message: `names ${approversInWords(approvers)}, who is not in the company` }];
}

function contradictions(
  { action: id, environment, operation, requester, of, resource, expect, gates }: CaseAsWritten,
  action: DecideAction | undefined,
): FieldError[] {
  const isCall = ['action.read', 'action.submit', 'action.run'].includes(operation ?? 'action.submit');
  const isAboutRequest = operation?.startsWith('request.') === true && operation !== 'request.see';
  const isWrite = action?.kind === 'write';
  return [
    ...(operation === undefined && id === undefined
      ? [
          {
            field: '/name',
            message: 'belongs to a case that asks for nothing',
            remedy: "Give it an 'action', or an 'operation'.",
          },
        ]
      : []),
    ...(id !== undefined && environment === undefined && (isCall || isAboutRequest)
      ? [
          {
            field: '/environment',
            message: 'is required',
            remedy: 'What is called is called somewhere: environment: production.',
          },
        ]
      : []),
    ...(isAboutRequest && requester === undefined
      ? [{ field: '/operation', message: 'is about a request', remedy: "Say who filed it: 'requester'." }]
      : []),
    ...(requester !== undefined && operation?.startsWith('request.') !== true
      ? [{ field: '/requester', message: 'is of operations about a request', remedy: "Set 'operation', to request.approve say." }]
      : []),
    ...(of !== undefined && !hasOwner(operation)
      ? [
          {
            field: '/of',
            message: 'is of operations about a token, a session or a schedule',
            remedy: "Set 'operation', to token.revoke say.",
          },
        ]
      : []),
    ...(isWrite && resource?.owner === undefined && action.team === undefined
      ? [{ field: '/resource', message: 'must name the team that owns what is acted on', remedy: 'resource: { owner: TEAM }' }]
      : []),
    ...(gates !== undefined && expect !== 'needs'
      ? [{ field: '/gates', message: "belong to 'expect: needs'", remedy: "Expect 'needs', or leave the gates out." }]
      : []),
  ];
}
