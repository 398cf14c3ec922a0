import { CircleCheck, CircleX } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';

/** How often pages of providers ask again while they are looked at: figures change with every call. */
export const LOOK_AGAIN_MS = 10_000;

export function Health({ available }: { readonly available: boolean }): ReactNode {
  const m = useMessages().providers;
  return (
    <Badge tone={available ? 'good' : 'bad'} icon={available ? CircleCheck : CircleX}>
      {available ? m.available : m.unavailable}
    </Badge>
  );
}
