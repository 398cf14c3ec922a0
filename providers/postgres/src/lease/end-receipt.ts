import type { OutputInput, RecordOutput } from '@guichet/contract';
import type { z } from 'zod';
import { counted } from '../words.ts';
import type { LeaseProof } from './end-lease.ts';

type Receipt = Extract<OutputInput, { kind: 'record' }>;
type Field = z.input<typeof RecordOutput>['fields'][number];

/** The proof of expiry. `earlier`: the lease had ended before this run came to it. */
export function endReceipt(proof: LeaseProof, { earlier }: { earlier: boolean }): Receipt {
  const { role, instance, facts, endedAt, why, sessionsEnded, cleaned, heir, checkedAt, silent } = proof;
  const objects = cleaned.reduce((sum, { count }) => sum + count, 0);
  const prepared = cleaned.reduce((sum, database) => sum + database.prepared, 0);
  const fields: Field[] = [
    { key: 'lease', title: 'Lease', type: 'code', value: role },
    { key: 'instance', title: 'Instance', value: instance },
  ];
  if (facts !== undefined) {
    fields.push(
      { key: 'who', title: 'Who had it', value: facts.callerName },
      { key: 'request', title: 'Request', type: 'code', value: facts.request },
      { key: 'rights', title: 'Rights', value: facts.rights },
      { key: 'database', title: 'Database', value: facts.database },
    );
  }
  if (endedAt !== undefined) fields.push({ key: 'endedAt', title: 'Nobody signs in since', type: 'timestamp', value: endedAt });
  if (why !== undefined) fields.push({ key: 'why', title: 'Why', value: why });
  fields.push(
    { key: 'sessionsEnded', title: 'Sessions ended', type: 'number', value: sessionsEnded },
    { key: 'objectsReassigned', title: 'Objects given away', type: 'number', value: objects },
    { key: 'checkedAt', title: 'Seen to be gone', type: 'timestamp', value: checkedAt },
  );
  if (prepared > 0) fields.push({ key: 'prepared', title: 'Prepared transactions rolled back', type: 'number', value: prepared });
  const notes = [
    ...cleaned
      .filter(({ count }) => count > 0)
      .map(({ database, objects: names, count }) => {
        const more = count > names.length ? ` and ${count - names.length} more` : '';
        return `It left behind in '${database}': ${names.join(', ')}${more}; owned by ${heir} now.`;
      }),
    ...silent.map((name) => `The replica '${name}' did not answer: whether a session is open there was not seen.`),
  ];
  return { kind: 'record', summary: summaryOf(proof, { earlier, objects }), fields, ...(notes.length > 0 && { notes }) };
}

function summaryOf(
  { role, facts, sessionsEnded, endedAt }: LeaseProof,
  { earlier, objects }: { earlier: boolean; objects: number },
): string {
  const whose = facts === undefined ? role : `the lease of ${facts.callerName} on '${facts.database}'`;
  if (earlier) {
    return endedAt === undefined
      ? `Had ended: ${role} is not there any more; no session is left of it`
      : `Had ended at ${endedAt}: ${whose}; no role and no session is left of it`;
  }
  const given = objects === 0 ? '' : `, ${counted(objects, 'object')} given away`;
  return `Ended: ${whose}; ${counted(sessionsEnded, 'session')} ended${given}, no role is left`;
}
