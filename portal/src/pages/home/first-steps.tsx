import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Keys } from '../../ui/keys.tsx';
import { Panel } from '../../ui/page.tsx';

const linkClass = 'text-accent hover:underline';

/** For somebody who has asked for nothing yet. */
export function FirstSteps(): ReactNode {
  const m = useMessages().home.start;
  return (
    <Panel title={m.title}>
      <ul className="flex flex-col gap-2 text-sm">
        <li className="flex items-baseline gap-2">
          <Keys keys="mod+k" className="text-soft" />
          <span className="sr-only">{m.paletteKeys}</span> {m.palette}
        </li>
        <li className="flex items-baseline gap-2">
          <Keys keys="?" className="text-soft" />
          <span className="sr-only">{m.questionMark}</span> {m.keys}
        </li>
        <li>
          <Link to="/actions" search={{ kind: 'read' }} className={linkClass}>
            {m.read}
          </Link>
        </li>
        <li>
          <Link to="/environments" className={linkClass}>
            {m.environments}
          </Link>
        </li>
        <li>
          <Link to="/access" className={linkClass}>
            {m.access}
          </Link>
        </li>
      </ul>
    </Panel>
  );
}
