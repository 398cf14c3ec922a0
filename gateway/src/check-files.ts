import { type FieldError, GuichetError } from '@guichet/contract';
import { companyPaths, directoryOf, policyFolder } from './app.ts';
import { Company, findingInWords, NO_COMPANY, readCompany, readTexts } from './catalog/index.ts';
import { type Config, loadConfig } from './config.ts';
import { unknownMachines, unknownTeams } from './identity/index.ts';
import { PolicySet, readPolicyFiles } from './policy/index.ts';
import { vocabularyOf } from './vocabulary-of.ts';

export interface FilesChecked {
  /** False when a gateway would not start with them. */
  readonly ok: boolean;
  /** Findings, and how much there is of what is good; each on a line of its own. */
  readonly lines: readonly string[];
}

/**
 * What a gateway would find in the files of a configuration: all of it, not only the first. Opens nothing else, and needs
 * none of the secrets: a variable that is not set here is told and may well be there. Throws `config.invalid` when the
 * configuration itself cannot be taken.
 */
export async function checkFiles(path: string): Promise<FilesChecked> {
  const unset: FieldError[] = [];
  const config = loadConfig(path, undefined, (finding) => unset.push(finding));
  const company = await companyOf(config);
  const policies = policiesOf(config, company.found ?? new Company(NO_COMPANY));
  const known = company.found === undefined ? [] : unknownMachines(config.identity, company.found);
  const doubts = company.found === undefined ? [] : unknownTeams(config.identity, company.found);
  return {
    ok: company.found !== undefined && policies.ok && known.length === 0,
    lines: [
      ...[...unset, ...doubts].map((finding) => `warning: ${inWords(path, finding)}`),
      ...known.map((finding) => inWords(path, finding)),
      ...company.lines,
      ...policies.lines,
    ],
  };
}

async function companyOf(config: Config): Promise<{ found?: Company; lines: string[] }> {
  try {
    const read = readCompany(await readTexts(companyPaths(config)), config);
    if (read.company === undefined) return { lines: read.findings.map(findingInWords) };
    const { people, teams, services, machines } = read.company;
    const sizes = [
      `${people.length} ${people.length === 1 ? 'person' : 'people'}`,
      counted(teams.size, 'team'),
      counted(services.length, 'service'),
      counted(machines.length, 'machine'),
    ].join(', ');
    return { found: read.company, lines: [`company: ${sizes} (${read.digest})`] };
  } catch (error) {
    return { lines: [unreadable(error)] };
  }
}

function policiesOf(config: Config, company: Company): { ok: boolean; lines: string[] } {
  try {
    const directory = directoryOf(config, company);
    const { set, findings } = PolicySet.parse(readPolicyFiles(policyFolder(config)), vocabularyOf({ config, directory }));
    const told = findings.map(({ severity, path, line, column, message, remedy }) =>
      [`${severity === 'warning' ? 'warning: ' : ''}${path}:${line}:${column} ${message}.`, remedy ?? ''].join(' ').trim(),
    );
    if (set === undefined) return { ok: false, lines: told };
    return { ok: true, lines: [...told, `policies: ${counted(set.rules.length, 'rule')} (${set.digest})`] };
  } catch (error) {
    return { ok: false, lines: [unreadable(error)] };
  }
}

function unreadable(error: unknown): string {
  if (error instanceof GuichetError) return `${error.message} ${error.remedy ?? ''}`.trim();
  throw error;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const inWords = (path: string, { field, message, remedy }: FieldError): string =>
  `${path} ${field} ${message}.${remedy === undefined ? '' : ` ${remedy}`}`;
