import type { GuichetError } from '@guichet/contract';
import { CircleAlert, type LucideIcon, RotateCw, WifiOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Button } from './button.tsx';

/** Nothing is here; why, and what to do about it. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  action,
}: {
  readonly icon?: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}): ReactNode {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      {Icon && <Icon size={28} strokeWidth={1.5} aria-hidden className="text-faint" />}
      <p className="font-medium">{title}</p>
      {children !== undefined && <p className="max-w-prose text-sm text-soft">{children}</p>}
      {action}
    </div>
  );
}

/** What went wrong in the gateway's words, and what to do. */
export function ErrorState({ error, onRetry }: { readonly error: GuichetError; readonly onRetry?: () => void }): ReactNode {
  const m = useMessages();
  const isAway = error.code === 'gateway.unreachable';
  return (
    <EmptyState
      icon={isAway ? WifiOff : CircleAlert}
      title={isAway ? m.ui.unreachable.title : error.message}
      action={
        onRetry && (
          <Button icon={RotateCw} onClick={onRetry} className="mt-2">
            {m.ui.tryAgain}
          </Button>
        )
      }
    >
      {isAway ? m.ui.unreachable.text : error.remedy}
    </EmptyState>
  );
}

/** An error beside what it is about: a form, a row, a dialog. Read out when it appears. */
export function ErrorNote({ error, className }: { readonly error: GuichetError; readonly className?: string }): ReactNode {
  return (
    <div role="alert" className={`rounded-md border border-bad/40 bg-bad-tint px-3 py-2 text-sm text-bad ${className ?? ''}`}>
      <p className="font-medium">{error.message}</p>
      {error.remedy !== undefined && <p className="mt-0.5 text-ink">{error.remedy}</p>}
    </div>
  );
}

const TONES = {
  info: 'border-info/30 bg-info-tint text-info',
  warn: 'border-warn/30 bg-warn-tint text-warn',
  good: 'border-good/30 bg-good-tint text-good',
  bad: 'border-bad/40 bg-bad-tint text-bad',
} as const;

/** A sentence that matters beside the data. */
export function Note({
  tone = 'info',
  icon: Icon = CircleAlert,
  children,
}: {
  readonly tone?: keyof typeof TONES;
  readonly icon?: LucideIcon;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className={`flex gap-2 rounded-md border px-3 py-2 text-sm ${TONES[tone]}`}>
      <Icon size={15} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 text-ink">{children}</div>
    </div>
  );
}

/** Stands where rows will be. */
export function Skeleton({ rows = 6 }: { readonly rows?: number }): ReactNode {
  const m = useMessages();
  return (
    <div role="status" aria-label={m.ui.loading} className="flex flex-col gap-px py-2">
      {Array.from({ length: rows }, (_, row) => (
        // Rows of nothing: their place is all that they are.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <div key={row} className="flex h-9 items-center px-4">
          <div className="h-3 w-full animate-pulse rounded bg-sunken" style={{ maxWidth: `${90 - ((row * 17) % 45)}%` }} />
        </div>
      ))}
    </div>
  );
}
