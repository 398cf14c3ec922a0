import type { Choice } from '@guichet/contract';
import { formatDuration } from '@guichet/contract';
import { z } from 'zod';
import { refusing } from '../instance-error.ts';
import { matchesFuzzily } from '../nearest.ts';
import { readTexts, takeSample } from '../statements/counters.ts';
import { findExtension } from '../statements/extension.ts';
import { rank } from '../statements/ranking.ts';
import { counted, shortened } from '../words.ts';
import { EXPLAINABLE } from './slow-queries.ts';
import type { Workplace } from './workplace.ts';

/** A 64-bit number, which JSON would round: so it is a text. */
export const QueryId = z
  .string()
  .max(20)
  // Not a pattern of the schema: whoever mistypes it is told in words, not by an expression.
  .refine((text) => /^-?\d{1,19}$/.test(text), { message: 'Write its number, as slow-queries shows it.' })
  .describe('Id of the statement, as slow-queries shows it');

const MOST_CHOICES = 60;

/** The statements that take most time and have a plan. */
export function queryIdOptions({ estate, mask }: Workplace) {
  return ({
    input,
    environment,
    query,
  }: {
    input: { instance?: string; database?: string | undefined };
    environment: string;
    query: string;
  }) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const instance = await estate.find(environment, input.instance);
      const extension = await findExtension(instance);
      const { counters } = await takeSample(instance, extension);
      const { top } = rank(counters, { sort: 'total', database: input.database, ours: new Set(), limit: 4 * MOST_CHOICES });
      const texts = await readTexts(
        instance,
        extension,
        top.map(({ queryId }) => queryId),
      );
      const masked = await mask();
      return top
        .map(({ queryId, total, calls, database }) => ({
          value: queryId,
          label: `${queryId} ${shortened(masked.mask(texts.get(queryId) ?? '', false), 160)}`,
          detail: `${formatDuration(total)} in ${counted(calls, 'call')}, database ${database}`,
        }))
        .filter(({ label, value }) => EXPLAINABLE.test(label.slice(value.length + 1)) && matchesFuzzily(query, label))
        .slice(0, MOST_CHOICES);
    });
}
