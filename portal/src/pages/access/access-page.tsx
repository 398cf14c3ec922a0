import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Page } from '../../ui/page.tsx';
import { Lasting } from './lasting.tsx';
import { Machines } from './machines.tsx';
import { Sessions } from './sessions.tsx';
import { Tokens } from './tokens.tsx';

/** Where I am signed in, what acts in my name, and what I was given for a while. */
export function AccessPage(): ReactNode {
  const m = useMessages().access;
  return (
    <Page title={m.title} about={m.about} wide>
      <Sessions />
      <Tokens />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Lasting />
        <Machines />
      </div>
    </Page>
  );
}
