import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Page } from '../../ui/page.tsx';
import { CompanyProblem } from '../company/company-problem.tsx';
import { AtHand } from './at-hand.tsx';
import { EndingSoon } from './ending-soon.tsx';
import { FirstSteps } from './first-steps.tsx';
import { InFlight } from './in-flight.tsx';
import { MyServices } from './my-services.tsx';
import { Today } from './today.tsx';
import { Waiting } from './waiting.tsx';

/** What I want to know first: what waits for me, what I wait for, what happened, and what is mine. */
export function Home(): ReactNode {
  const m = useMessages().home;
  const { principal } = useMe();
  const mine = useQuery(asked('requests.list', { query: { requester: 'me', limit: 1 } }));
  const isNew = mine.data?.items.length === 0;
  return (
    <Page
      wide
      title={m.title}
      beside={principal.onCall.length > 0 && <Badge tone="info">{m.onCall(principal.onCall.join(', '))}</Badge>}
    >
      <CompanyProblem />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <Waiting />
          <InFlight isNew={isNew} />
          <Today />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          {isNew && <FirstSteps />}
          <AtHand />
          <EndingSoon />
          <MyServices />
        </div>
      </div>
    </Page>
  );
}
