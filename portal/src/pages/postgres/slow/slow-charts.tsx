import type { TableOutput } from '@guichet/contract';
import { type ReactNode, useEffect, useState } from 'react';
import { asProblem } from '../../../api/gateway.ts';
import { useRead } from '../../../api/read.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Chart } from '../../../ui/chart.tsx';
import { Panel } from '../../../ui/page.tsx';
import { ErrorNote } from '../../../ui/states.tsx';
import { useLive } from '../live.tsx';
import { type Sample, sampleOf, seriesOf } from './samples.ts';

const EVERY_SECONDS = 5;
/** Half an hour of samples. */
const MOST_SAMPLES = 360;

/** How often statements are called and how long they take, sample after sample, for as long as somebody looks. */
export function SlowCharts({ environment, instance }: { readonly environment: string; readonly instance: string }): ReactNode {
  const m = useMessages().postgres.slow;
  const live = useLive(EVERY_SECONDS);
  const query = useRead(
    'table',
    { action: 'postgres.slow-queries', environment, input: { instance, sort: 'total', limit: 50 } },
    { everyMs: live.everyMs },
  );
  const samples = useSamples(query.data, query.dataUpdatedAt);
  const { calls, mean } = seriesOf(samples);
  return (
    <Panel>
      <p className="mb-3 text-xs text-faint">{samples.length < 2 ? m.gathering : m.chartsAbout}</p>
      {query.isError && query.data === undefined && <ErrorNote error={asProblem(query.error)} />}
      {samples.length >= 2 && (
        <div className="grid gap-6 lg:grid-cols-2">
          <section className="min-w-0">
            <h3 className="mb-1 text-sm font-medium">{m.callsChart}</h3>
            <Chart label={m.callsChart} unit={m.perSecond} series={calls} height={180} />
          </section>
          <section className="min-w-0">
            <h3 className="mb-1 text-sm font-medium">{m.meanChart}</h3>
            <Chart label={m.meanChart} unit="ms" series={mean} height={180} />
          </section>
        </div>
      )}
    </Panel>
  );
}

/** The last answers, each with the time when it came. */
function useSamples(output: TableOutput | undefined, at: number): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    if (output === undefined) return;
    setSamples((before) => (before.at(-1)?.at === at ? before : [...before, sampleOf(output.rows, at)].slice(-MOST_SAMPLES)));
  }, [output, at]);
  return samples;
}
