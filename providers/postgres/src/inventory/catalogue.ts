import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { InstanceConfig, type InstanceSettings, resolveInstance, yamlError } from '../config.ts';
import { type Finding, findingsOf, type Place } from '../login-config.ts';
import type { CatalogueSettings } from './config.ts';
import { type InstanceSource, type Listing, SourceError } from './source.ts';

const MOST_FINDINGS = 5;

const REMEDY = 'docs/guide/postgres-inventory.md describes the file.';

/** Instances of a file that somebody else keeps: another team, a program. It is read again when it has changed. */
export function catalogueSource(settings: CatalogueSettings): InstanceSource {
  const { file } = settings;
  const label = `catalogue ${basename(file)}`;
  let read: { readonly stamp: string; readonly listing: Listing } | undefined;
  let resolved = new Map<string, InstanceSettings>();
  return {
    label,
    refreshSeconds: 0, // a look at its date costs nothing
    async list() {
      const stamp = await stampOf(file);
      if (read?.stamp === stamp) return read.listing;
      const { instances, kept } = instancesOf(await textOf(file), { settings, label, known: resolved });
      resolved = kept;
      read = { stamp, listing: { instances, notes: [] } };
      return read.listing;
    },
  };
}

/** Another one for each content: a file that is put in place by a rename or a link is another inode. */
async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): SourceError {
  return new SourceError(`${file} cannot be read.`, {
    remedy: 'Check that it is there and that the provider may read it.',
    cause,
  });
}

interface Reading {
  readonly settings: CatalogueSettings;
  readonly label: string;
  /** Of the last content, by what is written of them: what has not changed stays the very same, with its connections. */
  readonly known: ReadonlyMap<string, InstanceSettings>;
}

function instancesOf(text: string, reading: Reading): { instances: InstanceSettings[]; kept: Map<string, InstanceSettings> } {
  const { settings, label, known } = reading;
  const findings: Finding[] = [];
  const kept = new Map<string, InstanceSettings>();
  const names = new Set<string>();
  for (const [index, entry] of entriesOf(text, settings).entries()) {
    const name = `${entry.environment}/${entry.name}`;
    if (names.has(name)) {
      findings.push({ field: `instances.${index}.name`, message: `'${entry.name}' is there twice in '${entry.environment}'` });
    }
    names.add(name);
    const written = JSON.stringify(entry);
    const place: Place = { at: `instances.${index}`, folder: dirname(settings.file), env: settings.env, findings };
    kept.set(written, known.get(written) ?? { ...resolved(entry, settings, place), source: label });
  }
  if (findings.length > 0) throw invalid(settings.file, findings);
  return { instances: [...kept.values()], kept };
}

const { observer, actor } = InstanceConfig.shape;
const Entry = InstanceConfig.extend({ observer: observer.optional(), actor: actor.optional() });
type Entry = z.output<typeof Entry>;

/** The logins that it names, and the common ones for those that it does not. */
function resolved(entry: Entry, { loginsOf }: CatalogueSettings, place: Place): InstanceSettings {
  const common = loginsOf?.(entry.name);
  const full = InstanceConfig.safeParse(entry);
  const hasAll = (['admin', 'reader'] as const).every((role) => entry[role] !== undefined || common?.[role] === undefined);
  if (full.success && hasAll) return resolveInstance(full.data, place);
  for (const role of ['observer', 'actor'] as const) {
    if (entry[role] === undefined && common === undefined) {
      const message = 'is missing: name it here, or for all of them under catalogue.logins of the configuration';
      place.findings.push({ field: `${place.at}.${role}`, message });
    }
  }
  // Where there is no common login either, a finding was just made, and what stands here is never used.
  const own = { user: 'none', password: 'none' };
  const settings = resolveInstance({ ...entry, observer: entry.observer ?? own, actor: entry.actor ?? own }, place);
  return {
    ...settings,
    observer: (entry.observer === undefined ? common?.observer : undefined) ?? settings.observer,
    actor: (entry.actor === undefined ? common?.actor : undefined) ?? settings.actor,
    admin: settings.admin ?? common?.admin,
    reader: settings.reader ?? common?.reader,
  };
}

const Catalogue = z.strictObject({ instances: z.array(Entry) });

function entriesOf(text: string, { file }: CatalogueSettings): Entry[] {
  let content: unknown;
  try {
    content = parse(text, { prettyErrors: false }); // a pretty error quotes the line, and lines hold passwords
  } catch (error) {
    const { code, pos } = yamlError(error);
    const line = pos === undefined ? '' : ` (line ${text.slice(0, pos).split('\n').length})`;
    throw new SourceError(`${file} is not valid YAML: ${code}${line}.`, { remedy: REMEDY });
  }
  const parsed = Catalogue.safeParse(Array.isArray(content) ? { instances: content } : content);
  if (parsed.success) return parsed.data.instances;
  throw invalid(
    file,
    parsed.error.issues.flatMap((issue) => findingsOf(issue)),
  );
}

function invalid(file: string, findings: readonly Finding[]): SourceError {
  const lines = findings.slice(0, MOST_FINDINGS).map(({ field, message }) => `${field}: ${message}`);
  if (findings.length > MOST_FINDINGS) lines.push(`${findings.length - MOST_FINDINGS} more`);
  return new SourceError(`${file}: ${lines.join('; ')}.`, { remedy: REMEDY });
}
