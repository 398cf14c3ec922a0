const KEPT = 'guichet.audit-keys';

/**
 * The key of a log that this browser has seen first; undefined when it is this one. A gateway that lies would show a key of
 * its own: whoever has been here before notices. Public keys are no secrets.
 */
export function otherKeySeen(log: string, key: string): string | undefined {
  const kept = read();
  const before = kept[log];
  if (before === undefined) localStorage.setItem(KEPT, JSON.stringify({ ...kept, [log]: key }));
  return before === key ? undefined : before;
}

function read(): Readonly<Record<string, string>> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? '{}');
    if (typeof kept !== 'object' || kept === null) return {};
    return Object.fromEntries(Object.entries(kept).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {}; // somebody else has written there
  }
}
