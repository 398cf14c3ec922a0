import { refuse } from '@guichet/sdk';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../estate.ts';
import { type Counters, readTexts, takeSample } from './counters.ts';
import { findExtension } from './extension.ts';

export interface Counted {
  readonly counters: Counters;
  /** As the server keeps it, not masked. */
  readonly text: string;
  /** Other databases that the same statement runs in. */
  readonly elsewhere: readonly string[];
}

/** The statement of that id: in that database, else where it has taken most time. Refuses an id that is not counted. */
export async function findStatement(
  instance: Instance,
  { queryId, database, environment }: { queryId: string; database: string | undefined; environment: string },
): Promise<Counted> {
  const extension = await findExtension(instance);
  const { counters } = await takeSample(instance, extension);
  const alike = counters.filter((each) => each.queryId === queryId).sort((a, b) => b.total - a.total);
  const found = alike.find((each) => database === undefined || each.database === database);
  const remedy = `See which there are: ${commandLine('slow-queries', { instance: instance.name, env: environment })}`;
  if (found === undefined) {
    const others = [...new Set(alike.map((each) => each.database))];
    const where = others.length === 0 ? 'counted' : `counted in database '${database}', but in ${others.join(', ')}`;
    return refuse(`No statement ${queryId} is ${where}; counters are reset, and rare statements forgotten.`, { remedy });
  }
  const text = (await readTexts(instance, extension, [queryId])).get(queryId) ?? '';
  if (text === '') return refuse(`The server has not kept the text of statement ${queryId}.`, { remedy });
  const elsewhere = [...new Set(alike.map((each) => each.database).filter((name) => name !== found.database))];
  return { counters: found, text, elsewhere };
}
