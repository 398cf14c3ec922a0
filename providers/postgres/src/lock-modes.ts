/** The table of the manual, "Table-Level Lock Modes", which holds for all kinds of locks: modes by strength. */
const STRENGTH: readonly string[] = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
const CONFLICTS: Readonly<Record<string, string>> = {
  AccessShareLock: '.......x',
  RowShareLock: '......xx',
  RowExclusiveLock: '....xxxx',
  ShareUpdateExclusiveLock: '...xxxxx',
  ShareLock: '..xx.xxx',
  ShareRowExclusiveLock: '..xxxxxx',
  ExclusiveLock: '.xxxxxxx',
  AccessExclusiveLock: 'xxxxxxxx',
};

/** Whether two sessions cannot have these modes of one lock at the same time. */
export function conflict(held: string, wanted: string): boolean {
  const at = STRENGTH.indexOf(wanted);
  // A mode that we do not know (serializable reads have one) is taken to conflict: better named than missed.
  return CONFLICTS[held] === undefined || at === -1 || CONFLICTS[held][at] === 'x';
}
