import type { AuditFinding } from './findings.ts';
import type { AuditHead } from './head.ts';

/** The restores that heads declare, but for those that whoever checks knows of, by the number of the head. */
export function unknownRestores(restores: readonly AuditHead[], known: readonly number[] = []): AuditFinding[] {
  return restores.flatMap(({ number, at, restore }) =>
    restore === undefined || known.includes(number)
      ? []
      : [
          {
            kind: 'lost_heads',
            head: number,
            message: `Head ${number} (${at}) declares a restore: what came after head ${restore.after} up to head ${restore.lost} is lost (${restore.reason}). When you know of it, pass --accept-restore ${number}.`,
          },
        ],
  );
}
