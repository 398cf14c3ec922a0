import type { Request } from '@guichet/contract';
import { Flame, RotateCcw, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';

const LOOKS = {
  safe: ['neutral', ShieldCheck],
  reversible: ['neutral', RotateCcw],
  destructive: ['bad', Flame],
} as const;

/** What is at stake, as the author of the action says it. */
export function RiskBadge({ risk }: { readonly risk: Request['risk'] }): ReactNode {
  const m = useMessages();
  const [tone, icon] = LOOKS[risk];
  return (
    <Badge tone={tone} icon={icon}>
      {m.requests.risks[risk]}
    </Badge>
  );
}
