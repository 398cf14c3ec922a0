import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { MOST_FINDINGS, whyUnreadable } from '../../findings/index.ts';
import { isBackstage, readBackstage } from './backstage-file.ts';
import { Company } from './company.ts';
import { inconsistencies, type KnownNames } from './consistency.ts';
import { type CompanyFinding, type Entries, merged } from './entries.ts';
import { readOwnFile } from './own-file.ts';
import { readYaml } from './yaml-file.ts';

export interface CompanyText {
  /** As findings name it. */
  readonly path: string;
  readonly text: string;
}

export type ReadCompany =
  | { readonly company: Company; readonly digest: string; readonly findings: readonly [] }
  | { readonly company?: undefined; readonly findings: readonly CompanyFinding[] };

/** The company that texts describe together, or all that is wrong with them. */
export function readCompany(texts: readonly CompanyText[], known: KnownNames = {}): ReadCompany {
  const findings: CompanyFinding[] = [];
  const parts = texts.flatMap(({ path, text }): Entries[] => {
    const yaml = readYaml(text, path);
    if ('findings' in yaml) return refuse(yaml.findings);
    return yaml.documents.flatMap((document) => {
      const read = isBackstage(document) ? readBackstage(document) : readOwnFile(document);
      return 'findings' in read ? refuse(read.findings) : [read.entries];
    });
  });
  function refuse(wrong: readonly CompanyFinding[]): [] {
    findings.push(...wrong);
    return [];
  }
  const entries = merged(parts);
  // Of what could not be read all else would be said to be missing.
  if (findings.length === 0) findings.push(...inconsistencies(entries, known));
  if (findings.length > 0) return { findings: findings.slice(0, MOST_FINDINGS) };
  const hash = createHash('sha256');
  for (const { path, text } of texts) hash.update(`${path}\0${text}\0`);
  return { company: new Company(entries), digest: `sha256:${hash.digest('hex')}`, findings: [] };
}

/** Reads the files, and the YAML files directly in the folders. */
export async function readTexts(paths: readonly string[]): Promise<CompanyText[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  if (files.length === 0)
    throw new GuichetError('config.invalid', `There is no YAML file in ${paths.join(', ')}.`, {
      remedy: "Set 'company' in the configuration to the files of people, teams, services and machines.",
    });
  const names = namesOf(files);
  return Promise.all(files.map(async (path, index) => ({ path: names[index] ?? path, text: await readText(path) })));
}

/**
 * What files are called by: their paths from the nearest folder that holds all of them. Two `catalog-info.yaml` are told
 * apart by their folders, and replicas that keep the same files elsewhere say the same of them.
 */
function namesOf(files: readonly string[]): string[] {
  const paths = files.map((file) => resolve(file));
  let folder = dirname(paths[0] ?? '');
  while (!paths.every((path) => path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`))) folder = dirname(folder);
  return paths.map((path) => relative(folder, path).replaceAll(sep, '/'));
}

async function filesOf(path: string): Promise<string[]> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!facts.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort();
  return names.map((name) => join(path, name));
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

function unreadable(path: string, cause: unknown): GuichetError {
  return new GuichetError('config.invalid', `The company file ${path} cannot be read: ${whyUnreadable(cause)}.`, {
    remedy: "Set 'company' in the configuration to the YAML files of people, teams, services and machines.",
    cause,
  });
}

/** The company of files and folders; refuses with each file, line, what is wrong and what to do. */
export async function loadCompany(
  paths: readonly string[],
  known: KnownNames = {},
): Promise<{ company: Company; digest: string }> {
  return accepted(readCompany(await readTexts(paths), known));
}

/** The company of one text. */
export function parseCompany(text: string, path: string): Company {
  return accepted(readCompany([{ path, text }])).company;
}

function accepted(read: ReadCompany): { company: Company; digest: string } {
  if (read.company !== undefined) return read;
  const lines = read.findings.map((finding) => `\n  ${findingInWords(finding)}`);
  const files = [...new Set(read.findings.map(({ path }) => path))].join(', ');
  throw new GuichetError('config.invalid', `${files} is not valid:${lines.join('')}`, {
    remedy: 'Mend the file and start again.',
    errors: read.findings.map(({ field, message, remedy }) => ({ field, message, remedy })),
  });
}

/** `company.yaml:12:7 /teams/0/members/1 names a person 'nadja' that is not there. Did you mean nadia?` */
export function findingInWords({ path, line, column, field, message, remedy }: CompanyFinding): string {
  return `${path}:${line}:${column} ${field} ${message}.${remedy === undefined ? '' : ` ${remedy}`}`;
}
