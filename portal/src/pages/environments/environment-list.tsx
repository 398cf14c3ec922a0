import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Globe } from 'lucide-react';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Facts } from '../../ui/facts.tsx';
import { day } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { CompanyProblem } from '../company/company-problem.tsx';
import { TeamName } from '../company/names.tsx';

/** The environments, in the order of the configuration: a company has a handful. */
export function EnvironmentList(): ReactNode {
  const m = useMessages().environments;
  const { language } = useSpoken();
  const query = useQuery(asked('environments.list'));
  return (
    <Page title={m.title} about={m.about}>
      <CompanyProblem />
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel flush>
              <EmptyState icon={Globe} title={m.none}>
                {m.noneText}
              </EmptyState>
            </Panel>
          ) : (
            <ul className="grid gap-3 md:grid-cols-2">
              {items.map(({ name, title, description, owner, created, services }) => (
                <li key={name} className="rounded-lg border border-line bg-panel p-4">
                  <div className="flex flex-wrap items-baseline justify-between gap-x-3">
                    <h2 className="text-lg font-semibold">
                      <Link
                        to="/environments/$environment"
                        params={{ environment: name }}
                        className="hover:text-accent hover:underline"
                      >
                        {title ?? name}
                      </Link>
                    </h2>
                    <span className="text-sm text-faint">{m.services(services)}</span>
                  </div>
                  <p className={`mt-1 mb-3 text-sm ${description === null ? 'text-faint' : 'text-soft'}`}>
                    {description ?? m.noDescription}
                  </p>
                  <Facts
                    rows={[
                      [m.owner, owner === null ? m.notSaid : <TeamName key="owner" name={owner} />],
                      [m.created, created === null ? m.notSaid : day(created, language)],
                    ]}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}
