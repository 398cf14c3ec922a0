/** Stands for what is not shown. */
export const MASKED = '…(masked)';

/** First words of statements; those that end in `*` are followed by the name of a relation that is shown as well. */
const HEADS: readonly string[] = [
  'select',
  'with',
  'values',
  'insert into *',
  'update only *',
  'update *',
  'delete from only *',
  'delete from *',
  'merge into *',
  'copy *',
  'truncate table *',
  'truncate *',
  'lock table *',
  'lock *',
  'alter table if exists only *',
  'alter table if exists *',
  'alter table only *',
  'alter table *',
  'create table if not exists *',
  'create table *',
  'create unlogged table *',
  'create temporary table *',
  'create temp table *',
  'drop table if exists *',
  'drop table *',
  'create unique index',
  'create index concurrently',
  'create index',
  'refresh materialized view concurrently *',
  'refresh materialized view *',
  'vacuum full *',
  'vacuum *',
  'vacuum',
  'analyze *',
  'analyze',
  'cluster *',
  'reindex',
  'alter role',
  'alter user mapping',
  'alter user',
  'alter database',
  'alter system',
  'alter server',
  'alter foreign data wrapper',
  'alter subscription',
  'alter publication',
  'create role',
  'create user mapping',
  'create user',
  'create server',
  'create foreign table',
  'create subscription',
  'create publication',
  'create or replace function',
  'create function',
  'create or replace procedure',
  'create procedure',
  'create database',
  'create extension',
  'create materialized view',
  'create or replace view',
  'create view',
  'import foreign schema',
  'comment on',
  'security label',
  'start_replication',
  'base_backup',
  ...'alter begin call checkpoint close commit create deallocate declare discard do drop end execute explain fetch grant listen'.split(
    ' ',
  ),
  ...'merge move notify prepare reassign release reset revoke rollback savepoint set show start unlisten'.split(' '),
];

const NAME = '(?:"[^"]{1,63}"|[a-z_][a-z0-9_$]{0,62})';
/** What follows must end the name: the last word of a text that was cut may be the start of anything. */
const RELATION = new RegExp(String.raw`^\s+(${NAME}(?:\.${NAME})?)(?=[\s(;])`, 'i');
const PATTERNS = HEADS.map((head) => {
  const words = head.replace(' *', '');
  return {
    pattern: new RegExp(`^${words.replaceAll(' ', '\\s+')}(?![a-z0-9_$."'])`, 'i'),
    shown: words.toUpperCase(),
    named: head.endsWith('*'),
  };
}).sort((a, b) => b.shown.length - a.shown.length);

/**
 * The first words of a statement, when they are known ones: `UPDATE orders …(masked)`, `ALTER ROLE …(masked)`. Nothing else
 * of the text is ever given back.
 */
export function headOf(text: string): string {
  const statement = afterComments(text);
  for (const { pattern, shown, named } of PATTERNS) {
    const [match] = pattern.exec(statement) ?? [];
    if (match === undefined) continue;
    const relation = named ? RELATION.exec(statement.slice(match.length))?.[1] : undefined;
    return `${shown}${relation === undefined ? '' : ` ${relation}`} ${MASKED}`;
  }
  return MASKED;
}

/** The text from its first word on. Comments of PostgreSQL nest. */
function afterComments(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    if (rest.startsWith('--')) {
      const end = rest.indexOf('\n');
      if (end === -1) return '';
      rest = rest.slice(end).trimStart();
    } else if (rest.startsWith('/*')) {
      const end = endOfComment(rest);
      if (end === undefined) return '';
      rest = rest.slice(end).trimStart();
    } else return rest;
  }
}

function endOfComment(text: string): number | undefined {
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1;
    if (depth === 0) return index + 2;
  }
  return undefined;
}
