import clsx from 'clsx';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'bad' | 'accent';

const TONES: Readonly<Record<Tone, string>> = {
  neutral: 'bg-sunken text-soft',
  info: 'bg-info-tint text-info',
  good: 'bg-good-tint text-good',
  warn: 'bg-warn-tint text-warn',
  bad: 'bg-bad-tint text-bad',
  accent: 'bg-accent-tint text-accent',
};

/** A word that stands out by its colour, which never says anything alone. */
export function Badge({
  tone = 'neutral',
  icon: Icon,
  className,
  children,
}: {
  readonly tone?: Tone;
  readonly icon?: LucideIcon;
  readonly className?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <span
      className={clsx(
        'inline-flex h-5 max-w-full items-center gap-1 align-middle rounded-full px-2 text-xs font-medium whitespace-nowrap',
        TONES[tone],
        className,
      )}
    >
      {Icon && <Icon size={12} aria-hidden className="shrink-0" />}
      <span className="truncate">{children}</span>
    </span>
  );
}
