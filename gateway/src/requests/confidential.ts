import type { Output, Principal } from '@guichet/contract';
import type { Company } from '../catalog/index.ts';
import type { RequestRow } from './row.ts';

/** The output as the principal may see it: a confidential one is for whoever asked, not for all who may see the request. */
export function shownOutput(
  { output, requesterId, requesterName, requesterIsFormer }: RequestRow,
  { principal, company }: { principal: Principal; company: Company },
): Output | null {
  if (output?.confidential !== true) return output;
  const person = company.personOf(requesterId);
  const asked = principal.id === requesterId || (person !== null && principal.person === person);
  // Somebody else has the name by now.
  if (asked && !requesterIsFormer) return output;
  return { kind: 'text', confidential: true, text: `Shown to ${requesterName} alone, who asked for it.` };
}
