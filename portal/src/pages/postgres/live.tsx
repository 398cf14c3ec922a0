import type { UseQueryResult } from '@tanstack/react-query';
import { Pause, Play, RotateCw } from 'lucide-react';
import { type ReactNode, useCallback, useState } from 'react';
import { useUnattended } from '../../api/read.ts';
import { useKeys } from '../../app/keys.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import { Time } from '../../ui/time.tsx';
import { PACES, type Pace } from './search.ts';

export interface Live {
  /** For useRead; false while it is paused. */
  readonly everyMs: number | false;
  readonly isPaused: boolean;
  readonly pause: (isPaused: boolean) => void;
  /** It was paused because nobody was there. */
  readonly isLeft: boolean;
}

/** A read that is asked again and again, until somebody pauses it or leaves. */
export function useLive(pace: Pace): Live {
  const [standing, setStanding] = useState<'on' | 'paused' | 'left'>('on');
  useUnattended(useCallback(() => setStanding((now) => (now === 'on' ? 'left' : now)), []));
  return {
    everyMs: standing === 'on' ? pace * 1000 : false,
    isPaused: standing !== 'on',
    isLeft: standing === 'left',
    pause: (isPaused) => setStanding(isPaused ? 'paused' : 'on'),
  };
}

/** Pause, go on, how often, and when the last answer came. */
export function LiveControl<Data>({
  live,
  query,
  pace,
  onPace,
}: {
  readonly live: Live;
  readonly query: UseQueryResult<Data, Error>;
  readonly pace: Pace;
  readonly onPace: (pace: Pace) => void;
}): ReactNode {
  const m = useMessages().postgres.live;
  const toggle = (): void => live.pause(!live.isPaused);
  useKeys({ p: { label: live.isPaused ? m.resume : m.pause, run: toggle } });
  return (
    <div className="flex flex-wrap items-center gap-2">
      <span className="flex items-center gap-1.5 text-xs text-faint" role="status">
        <span
          aria-hidden
          className={`size-2 rounded-full ${live.isPaused ? 'bg-line-strong' : query.isError ? 'bg-bad' : 'bg-good'}`}
        />
        {live.isPaused ? m.paused : m.label}
      </span>
      {query.dataUpdatedAt > 0 && (live.isPaused || query.isError) && (
        <span className="text-xs text-faint">
          {m.updated} <Time at={new Date(query.dataUpdatedAt).toISOString()} />
        </span>
      )}
      {live.isPaused && <IconButton size="sm" icon={RotateCw} label={m.refresh} onClick={() => void query.refetch()} />}
      <Select
        size="sm"
        aria-label={m.every}
        className="w-20!"
        items={PACES.map((own) => ({ value: String(own), label: m.seconds(own) }))}
        value={String(pace)}
        onChange={(chosen) => {
          const next = PACES.find((own) => String(own) === chosen);
          if (next !== undefined) onPace(next);
        }}
      />
      <Button size="sm" icon={live.isPaused ? Play : Pause} onClick={toggle} keys="p">
        {live.isPaused ? m.resume : m.pause}
      </Button>
    </div>
  );
}
