import type { ResponseOf } from '@guichet/client';
import { CircleHelp, type LucideIcon, ShieldAlert, ShieldCheck, ShieldEllipsis } from 'lucide-react';
import { asked } from '../../api/gateway.ts';

export type AuditStatus = ResponseOf<'audit.status'>;

/** Known again every half minute by whoever shows it; it costs the gateway next to nothing. */
export const auditStatus = { ...asked('audit.status'), staleTime: 15_000, refetchInterval: 30_000 };

export const STANDING_LOOKS: Readonly<Record<AuditStatus['state'], readonly [icon: LucideIcon, colour: string]>> = {
  verified: [ShieldCheck, 'text-good'],
  behind: [ShieldEllipsis, 'text-warn'],
  damaged: [ShieldAlert, 'text-bad'],
  unknown: [CircleHelp, 'text-faint'],
};
