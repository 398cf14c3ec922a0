import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import type { Import, Source } from './read-source.ts';

/** A package of the workspace, by its manifest; the root of the project is the room `.`. */
export interface Room {
  /** e.g. `gateway` or `providers/postgres` */
  readonly folder: string;
  /** e.g. `@guichet/gateway` */
  readonly name: string;
  /** Files that others may import, by subpath: `.` -> `gateway/src/index.ts`. */
  readonly exports: ReadonlyMap<string, string>;
  /** Names of the packages that it declares. */
  readonly dependencies: ReadonlySet<string>;
}

export interface House {
  readonly rooms: readonly Room[];
  readonly sources: readonly Source[];
}

export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'room'; readonly room: Room; readonly subpath: string; readonly path: string | undefined }
  | { readonly kind: 'builtin' }
  | { readonly kind: 'library'; readonly name: string };

export function roomOf(house: House, path: string): Room {
  const found = house.rooms.filter((room) => room.folder !== '.' && path.startsWith(`${room.folder}/`));
  const room = found.sort((a, b) => b.folder.length - a.folder.length)[0] ?? house.rooms.find(({ folder }) => folder === '.');
  if (room === undefined) throw new TypeError('a house has a root');
  return room;
}

/** What an import of a source means. */
export function targetOf(house: House, source: Source, { specifier }: Import): Target {
  if (specifier.startsWith('.')) return { kind: 'file', path: posix.join(posix.dirname(source.path), specifier) };
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return { kind: 'builtin' };
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const room = house.rooms.find((candidate) => candidate.name === name);
  if (room === undefined) return { kind: 'library', name };
  const subpath = `.${specifier.slice(name.length)}`;
  return { kind: 'room', room, subpath, path: room.exports.get(subpath) };
}

/** The file of the project that an import reaches; undefined for libraries, and for what is not there. */
export function fileOf(target: Target): string | undefined {
  return target.kind === 'file' || target.kind === 'room' ? target.path : undefined;
}
