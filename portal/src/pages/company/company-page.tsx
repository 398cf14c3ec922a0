import { useQuery } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { CompanyProblem } from './company-problem.tsx';

/** The files that people and things are read from: since when they count, and what is wrong with them. */
export function CompanyPage(): ReactNode {
  const m = useMessages().company.files;
  const query = useQuery(asked('company.show'));
  return (
    <Page title={m.title} about={m.about}>
      <Loaded query={query}>
        {({ digest, since, people, teams, services, machines, problem }) => (
          <>
            {problem === null ? (
              <Note tone="good" icon={CircleCheck}>
                {m.fine}
              </Note>
            ) : (
              <CompanyProblem />
            )}
            {problem !== null && (
              <Panel flush title={m.findings(problem.findings.length)}>
                <ul>
                  {problem.findings.map(({ path, line, column, field, message, remedy }) => (
                    <li
                      key={`${path}:${line}:${column} ${field} ${message}`}
                      className="border-b border-line px-4 py-2 text-sm last:border-b-0"
                    >
                      <code className="font-mono text-xs text-faint">
                        {path}:{line}:{column} {field}
                      </code>
                      <p>{message}</p>
                      {remedy !== undefined && <p className="text-soft">{remedy}</p>}
                    </li>
                  ))}
                </ul>
              </Panel>
            )}
            <Panel title={m.inForce}>
              <Facts
                rows={[
                  [m.since, <Time key="since" at={since} />],
                  [m.holds, m.holdsText({ people, teams, services, machines })],
                  [
                    m.digest,
                    <span key="digest" className="inline-flex max-w-full items-center gap-1">
                      <code className="min-w-0 truncate font-mono text-xs">{digest}</code>
                      <CopyButton text={digest} />
                    </span>,
                  ],
                  [m.where, m.whereText],
                ]}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}
