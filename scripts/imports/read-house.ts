import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { readSource } from './read-source.ts';
import type { House, Room } from './rooms.ts';

/** The manifests and sources of a project. */
export function readHouse(project: string): House {
  const files = sourceFiles(project);
  const manifests = files.filter((file) => posix.basename(file) === 'package.json');
  const rooms = manifests.map((file) => readRoom(project, posix.dirname(file)));
  const sources = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file));
  return { rooms, sources: sources.map((file) => readSource(file, readFileSync(join(project, file), 'utf8'))) };
}

/** What is made of other things, or comes from elsewhere. */
const NOT_OURS = ['node_modules', 'dist', 'coverage'];

/** Files of the project, from its root, with `/`; without hidden folders and what is made or fetched. */
export function sourceFiles(project: string, folder = ''): string[] {
  const entries = readdirSync(join(project, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return entry.name.startsWith('.') || NOT_OURS.includes(entry.name) ? [] : sourceFiles(project, path);
  });
}

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readRoom(project: string, folder: string): Room {
  // Our own manifests; TypeScript cannot know their shape.
  const manifest = JSON.parse(readFileSync(join(project, folder, 'package.json'), 'utf8')) as Manifest;
  const exported = Object.entries(manifest.exports ?? {}).map(([subpath, file]) => [subpath, posix.join(folder, file)] as const);
  const { dependencies: needed, devDependencies, optionalDependencies } = manifest;
  const dependencies = Object.keys({ ...needed, ...devDependencies, ...optionalDependencies });
  return { folder, name: manifest.name, exports: new Map(exported), dependencies: new Set(dependencies) };
}
