import { posix } from 'node:path';
import { cyclesOf } from './cycles.ts';
import type { Import, Source } from './read-source.ts';
import { type House, type Room, roomOf, type Target, targetOf } from './rooms.ts';
import type { Violation } from './violation.ts';

/** Which rooms a room may import; those that are not here (demo, test, bench, scripts) may import all. */
const MAY_IMPORT = new Map<string, { readonly source: readonly string[]; readonly tests: readonly string[] }>([
  ['contract', { source: [], tests: [] }],
  ['client', { source: ['contract'], tests: [] }],
  ['tunnel', { source: ['contract'], tests: [] }],
  ['sdk', { source: ['contract', 'tunnel'], tests: [] }],
  ['postgres-server', { source: ['contract'], tests: [] }],
  ['cli', { source: ['client', 'contract', 'tunnel'], tests: [] }],
  ['portal', { source: ['client', 'contract'], tests: [] }],
  ['gateway', { source: ['contract', 'postgres-server', 'tunnel'], tests: [] }],
  ['providers', { source: ['sdk', 'contract'], tests: ['postgres-server'] }],
  // It runs servers itself: the read replicas of instances on machines of our own.
  ['providers/postgres', { source: ['sdk', 'contract', 'postgres-server'], tests: [] }],
]);

/** Built-in modules that the contract may use: it has no input and no output. A stream is a shape; others fill it. */
const WITHOUT_IO = ['node:crypto', 'node:stream'];

interface Case {
  readonly house: House;
  readonly source: Source;
  readonly room: Room;
  readonly imported: Import;
  readonly target: Target;
}
type Rule = (found: Case) => string | undefined;

const RULES: readonly Rule[] = [permission, publicDoors, declared, contractHasNoIo, httpSeesIndexes, httpIsOutermost];

/** Every import of the house that breaks a rule, and every read of the environment in the wrong place. */
export function violationsOf(house: House): Violation[] {
  const found: Violation[] = [];
  for (const source of house.sources) {
    const room = roomOf(house, source.path);
    for (const imported of source.imports) {
      const target = targetOf(house, source, imported);
      for (const rule of RULES) {
        const message = rule({ house, source, room, imported, target });
        if (message !== undefined) found.push({ file: source.path, line: imported.line, message });
      }
    }
    found.push(...environmentReads(source));
    if (/^gateway\/src\/.*\/state\.ts$/.test(source.path)) found.push(...impurities(house, source));
  }
  return [...found, ...cyclesOf(house)];
}

function permission({ source, room, target }: Case): string | undefined {
  if (target.kind !== 'room' || target.room === room) return undefined;
  const may = MAY_IMPORT.get(room.folder) ?? MAY_IMPORT.get(room.folder.split('/')[0] ?? '');
  const wanted = target.room.folder;
  if (may === undefined || may.source.includes(wanted) || (isTest(source) && may.tests.includes(wanted))) return undefined;
  const allowed = may.source.length > 0 ? may.source.join(', ') : 'no other package';
  return `${room.folder} may not import ${wanted}; it may import ${allowed}`;
}

function publicDoors({ house, source, room, imported, target }: Case): string | undefined {
  if (target.kind === 'room' && target.path === undefined) {
    return `'${imported.specifier}' is not in the exports of ${target.room.name}; it offers ${[...target.room.exports.keys()].join(', ')}`;
  }
  if (target.kind !== 'file') return undefined;
  const other = roomOf(house, target.path);
  if (other === room) return undefined;
  // Set-up runs before any package is installed, so it cannot call one by its name.
  const beforeInstall = source.path.startsWith('scripts/') && source.path.endsWith('.mjs');
  if (beforeInstall && [...other.exports.values()].includes(target.path)) return undefined;
  return `'${imported.specifier}' reaches into ${other.folder === '.' ? 'the root' : other.folder}; import ${other.name}, by its exports`;
}

function declared({ house, source, room, target }: Case): string | undefined {
  if (target.kind !== 'library' || room.dependencies.has(target.name)) return undefined;
  const root = house.rooms.find(({ folder }) => folder === '.');
  // What is only used on the way to the product (tests, builds) is declared once, at the root.
  if (!isProduct(source, room) && root?.dependencies.has(target.name)) return undefined;
  return `'${target.name}' is not in the dependencies of ${posix.join(room.folder, 'package.json')}`;
}

function contractHasNoIo({ source, room, imported, target }: Case): string | undefined {
  if (room.folder !== 'contract' || !isProduct(source, room) || target.kind !== 'builtin') return undefined;
  return WITHOUT_IO.includes(imported.specifier)
    ? undefined
    : `contract has no input and no output; it may not import ${imported.specifier}`;
}

/** The folder of the gateway's sources that a file is in; '' for those at the top, undefined outside the gateway. */
function gatewayFolder(path: string): string | undefined {
  const match = /^gateway\/src\/(?:([^/]+)\/)?/.exec(path);
  return match === null ? undefined : (match[1] ?? '');
}

function httpSeesIndexes({ source, target }: Case): string | undefined {
  if (target.kind !== 'file' || gatewayFolder(source.path) !== 'http') return undefined;
  const folder = gatewayFolder(target.path);
  if (folder === undefined || folder === '' || folder === 'http' || target.path === `gateway/src/${folder}/index.ts`)
    return undefined;
  return `http sees ${folder} through gateway/src/${folder}/index.ts alone, not through ${posix.basename(target.path)}`;
}

function httpIsOutermost({ source, target }: Case): string | undefined {
  if (target.kind !== 'file' || gatewayFolder(target.path) !== 'http') return undefined;
  const folder = gatewayFolder(source.path);
  if (folder === undefined || folder === '' || folder === 'http') return undefined;
  return `${folder} may not import http: routes call the domain, never the other way round`;
}

function environmentReads({ path, environmentReads: lines }: Source): Violation[] {
  if (!path.startsWith('gateway/src/') || path === 'gateway/src/config.ts') return [];
  return lines.map((line) => ({
    file: path,
    line,
    message: 'only gateway/src/config.ts reads the environment; take it as an argument',
  }));
}

/** A state machine takes time and ids as arguments: neither it nor what it imports may reach anything that acts. */
function impurities(house: House, start: Source): Violation[] {
  const sources = new Map(house.sources.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const found: Violation[] = [];
  const look = (source: Source, by: readonly string[]) => {
    if (seen.has(source.path)) return;
    seen.add(source.path);
    for (const imported of source.imports) {
      const target = targetOf(house, source, imported);
      if (target.kind === 'room' && target.room.folder === 'contract') continue;
      const next = target.kind === 'file' ? sources.get(target.path) : undefined;
      if (next !== undefined) look(next, [...by, next.path]);
      else {
        const message = `state.ts is pure, and reaches '${imported.specifier}' (${by.join(' -> ')})`;
        found.push({ file: source.path, line: imported.line, message });
      }
    }
  };
  look(start, [start.path]);
  return found;
}

function isTest({ path }: Source): boolean {
  return path.includes('/test/');
}

function isProduct(source: Source, room: Room): boolean {
  return room.folder !== '.' && source.path.startsWith(`${room.folder}/src/`);
}
