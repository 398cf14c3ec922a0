import type { RequestState } from '@guichet/contract';
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  Clock,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  Undo2,
  Unlink,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';

const LOOKS: Readonly<Record<RequestState, readonly [Tone, LucideIcon]>> = {
  awaiting_approval: ['warn', Hourglass],
  queued: ['info', CircleDashed],
  running: ['info', LoaderCircle],
  succeeded: ['good', CircleCheck],
  failed: ['bad', CircleX],
  cancelled: ['neutral', Ban],
  rejected: ['bad', CircleX],
  withdrawn: ['neutral', Undo2],
  expired: ['neutral', Clock],
  void: ['warn', Unlink],
  unknown: ['bad', CircleHelp],
};

/** Where a request stands. */
export function StateBadge({
  state,
  iconOnly = false,
}: {
  readonly state: RequestState;
  /** Its word is read out, not shown: where there is no room. */
  readonly iconOnly?: boolean;
}): ReactNode {
  const m = useMessages();
  const [tone, icon] = LOOKS[state];
  return (
    <Badge tone={tone} icon={icon}>
      {iconOnly ? <span className="sr-only">{m.requests.states[state]}</span> : m.requests.states[state]}
    </Badge>
  );
}
