import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Login } from '../login.ts';

/** A setting of the source, with its value in the unit that it has without one. */
interface Setting {
  readonly name: string;
  readonly setting: string;
  readonly category: string;
}

/** A standby with less than its primary had does not start, or stops in the middle. */
const AT_LEAST = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
];

/** What makes statements behave, and be planned, as on the source. Nothing that names a file, an address or a program. */
const CATEGORIES = [
  'Client Connection Defaults / ',
  'Customized Options',
  'Error Handling',
  'Lock Management',
  'Query Tuning / ',
  'Replication / Standby Servers',
  'Resource Usage / ',
  'Statistics / ',
  'Version and Platform Compatibility / ',
  'Write-Ahead Log / Checkpoints',
  'Write-Ahead Log / Settings',
];

const OWN = new Set(
  `dynamic_library_path gin_fuzzy_search_limit hot_standby huge_pages lc_messages local_preload_libraries
  primary_conninfo primary_slot_name promote_trigger_file recovery_min_apply_delay session_preload_libraries
  sync_replication_slots temp_tablespaces wal_receiver_create_temp_slot`.split(/\s+/),
);

const SETTINGS = `
select name, setting, category from pg_settings
where context <> 'internal' and setting is not null
  and (name = any ($1) or source not in ('default', 'override', 'client', 'session', 'user', 'database', 'database user'))`;

export interface TakenSettings {
  readonly settings: Map<string, string>;
  /** Sentences on what is otherwise than on the source. */
  readonly notes: readonly string[];
}

/** What a replica takes over of the settings of its source. `libraries` is where the replica's server looks for its libraries. */
export async function takeSettings(observer: Login, libraries: readonly string[]): Promise<TakenSettings> {
  const taken = new Map<string, string>();
  const notes: string[] = [];
  for (const { name, setting, category } of await observer.query<Setting>(SETTINGS, [AT_LEAST])) {
    const wanted = AT_LEAST.includes(name) || CATEGORIES.some((start) => category.startsWith(start));
    if (!wanted || OWN.has(name) || name.startsWith('auto_explain.')) continue; // that one writes statements to the log
    if (name === 'shared_preload_libraries') {
      const { there, missing } = present(setting, libraries);
      if (there.length > 0) taken.set(name, there.join(', '));
      if (missing.length > 0) notes.push(`Libraries that are not there for it are not loaded: ${missing.join(', ')}.`);
    } else if (name === 'shared_buffers') {
      const most = Math.floor(totalmem() / 4 / 8192);
      taken.set(name, String(Math.min(Number(setting), most)));
      if (Number(setting) > most)
        notes.push('Its shared_buffers are a quarter of the memory here, less than those of the source.');
    } else taken.set(name, setting);
  }
  return { settings: taken, notes };
}

function present(list: string, folders: readonly string[]): { there: string[]; missing: string[] } {
  const names = list
    .split(',')
    .map((name) => name.trim().replace(/^"|"$/g, ''))
    .filter((name) => name !== '');
  const isThere = (name: string) => {
    const file = name.replace(/^\$libdir\//, '');
    return ['', '.so', '.dylib'].some((end) => folders.some((folder) => existsSync(join(folder, `${file}${end}`))));
  };
  return { there: names.filter(isThere), missing: names.filter((name) => !isThere(name)) };
}

/** Where an installation may have its libraries; `$libdir` is one of them. */
export function libraryFolders(binaries: string): string[] {
  return ['lib', 'lib/postgresql', 'lib64', 'lib64/pgsql'].map((folder) => join(binaries, folder));
}

/** The text of a postgresql.conf. */
export function settingsFile(settings: ReadonlyMap<string, string>): string {
  return [...settings].map(([name, value]) => `${name} = '${quoted(name, value)}'\n`).join('');
}

function quoted(name: string, value: string): string {
  if (/[\n\r\0]/.test(value)) throw new Error(`the setting ${name} has a line break`);
  return value.replaceAll('\\', '\\\\').replaceAll("'", "''");
}
