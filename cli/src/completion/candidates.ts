import { readdirSync } from 'node:fs';
import type { Option } from 'commander';
import { configPath, readConfig } from '../config/config-file.ts';
import { FORMATS, type Shell } from '../shell.ts';

/** What could stand next, with what it is. */
export interface Candidate {
  readonly value: string;
  readonly description?: string | undefined;
}

/** How long a shell waits for live values; what is not there by then is left out. */
const PATIENCE_MS = 800;

/** Values of the flags that every command takes. */
export function commonValues(shell: Shell, flag: string): readonly Candidate[] {
  if (flag === '-o' || flag === '--output') return FORMATS.map((value) => ({ value }));
  if (flag === '--timezone') return ['UTC', ...Intl.supportedValuesOf('timeZone')].map((value) => ({ value }));
  return flag === '--profile' ? profileNames(shell) : [];
}

/** The profiles of the configuration, with their gateways. */
export function profileNames(shell: Shell): Candidate[] {
  const { profiles } = readConfig(configPath(shell.context));
  return Object.entries(profiles).map(([value, { gateway }]) => ({ value, description: gateway }));
}

/** Ends a call that a completion makes when it takes too long, or at Ctrl-C. */
export function patience({ context }: Shell): AbortSignal {
  return AbortSignal.any([context.interrupt, AbortSignal.timeout(PATIENCE_MS)]);
}

/** The flags of a command. */
export function optionsOf(options: readonly Option[]): Candidate[] {
  return options
    .filter(({ hidden, long }) => !hidden && long !== undefined)
    .map(({ long, description }) => ({ value: long ?? '', description }));
}

/** What stands in the folder that was typed so far: its folders, and its files that end so. */
export function paths(typed: string, endings: readonly string[]): Candidate[] {
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
  const entries = readdirSync(folder === '' ? '.' : folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() || endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => ({ value: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .sort((a, b) => a.value.localeCompare(b.value));
}
