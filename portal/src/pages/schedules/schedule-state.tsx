import type { ResponseOf } from '@guichet/client';
import { CirclePause, CirclePlay, CircleX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';

const LOOKS = {
  active: ['good', CirclePlay],
  paused: ['warn', CirclePause],
  deleted: ['neutral', CircleX],
} as const;

export function ScheduleState({ state }: { readonly state: ResponseOf<'schedules.show'>['state'] }): ReactNode {
  const m = useMessages().schedules;
  const [tone, icon] = LOOKS[state];
  return (
    <Badge tone={tone} icon={icon}>
      {m.states[state]}
    </Badge>
  );
}
