import type { DBInstance, Tag } from '@aws-sdk/client-rds';

/** What Guichet writes on a replica that it makes. */
export const GUICHET_TAGS = {
  request: 'guichet:request',
  run: 'guichet:run',
  requester: 'guichet:requester',
  /** An id that the plan made: who holds it may go on with the replica, and nobody else. */
  plan: 'guichet:plan',
} as const;

/** AWS takes 50; ours must be among them. */
const MOST_COPIED = 40;

export function tagOf({ TagList = [] }: DBInstance, key: string): string | undefined {
  return TagList.find(({ Key }) => Key === key)?.Value;
}

/** The source's own tags, those that are wanted besides, and ours. Tags of AWS itself and of older requests stay behind. */
export function replicaTags(source: DBInstance, wanted: Readonly<Record<string, string>>): Tag[] {
  const copied = (source.TagList ?? [])
    .filter(({ Key = '' }) => Key !== '' && !Key.startsWith('aws:') && !Key.startsWith('guichet:') && !(Key in wanted))
    .slice(0, MOST_COPIED);
  return [...copied, ...Object.entries(wanted).map(([Key, Value]) => ({ Key, Value: tagValue(Value) }))];
}

/** AWS takes letters, digits, spaces and a few signs. */
function tagValue(text: string): string {
  return text.replaceAll(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '_').slice(0, 256);
}
