import type { ReactNode } from 'react';
import { useSpoken } from '../../messages/index.tsx';
import { Time } from '../../ui/time.tsx';

/** A time on the clocks of a zone, `Mon 23 Nov 2026, 03:00 CET`, and how far off it is. */
export function ZonedTime({ at, zone }: { readonly at: string; readonly zone: string }): ReactNode {
  const { language } = useSpoken();
  const words = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  }).format(new Date(at));
  return (
    <span className="tabular-nums">
      {words}{' '}
      <span className="text-xs text-faint">
        (<Time at={at} />)
      </span>
    </span>
  );
}
