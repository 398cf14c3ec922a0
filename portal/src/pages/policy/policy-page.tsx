import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Page } from '../../ui/page.tsx';
import { Note } from '../../ui/states.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { Time } from '../../ui/time.tsx';
import { Findings } from './findings.tsx';

/** The shape of the pages about policies: their tabs, and over each whether the files as they are now count. */
export function PolicyPage({
  current,
  wide = false,
  children,
}: {
  readonly current: 'rules' | 'explain' | 'try' | 'replay';
  readonly wide?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  const m = useMessages().policy;
  return (
    <Page title={m.title} about={m.abouts[current]} wide={wide}>
      <TabLinks
        label={m.tabsLabel}
        tabs={[
          { label: m.tabs.rules, link: { to: '/policy' }, current: current === 'rules' },
          { label: m.tabs.explain, link: { to: '/policy/explain' }, current: current === 'explain' },
          { label: m.tabs.try, link: { to: '/policy/try' }, current: current === 'try' },
          { label: m.tabs.replay, link: { to: '/policy/replay' }, current: current === 'replay' },
        ]}
      />
      <Refused />
      {children}
    </Page>
  );
}

/** The rules in force; the pages share one answer. */
export const policyInForce = { ...asked('policy.show'), staleTime: 15_000 };

function Refused(): ReactNode {
  const m = useMessages().policy;
  const { data } = useQuery(policyInForce);
  if (!data?.problem) return null;
  return (
    <Note tone="bad" icon={TriangleAlert}>
      <p className="font-medium">{m.refused}</p>
      <p className="mb-1">
        {m.refusedText} <Time at={data.problem.at} />
      </p>
      <Findings findings={data.problem.findings} />
    </Note>
  );
}
