import { useVirtualizer } from '@tanstack/react-virtual';
import clsx from 'clsx';
import { ArrowDownToLine, Pause, Radio, WifiOff, WrapText } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useMessages, useSpoken } from '../../../messages/index.tsx';
import { Badge } from '../../../ui/badge.tsx';
import { Button, IconButton } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { exactTime } from '../../../ui/format.ts';
import { Panel } from '../../../ui/page.tsx';
import { readable } from '../../../ui/readable.ts';
import { ErrorNote } from '../../../ui/states.tsx';
import type { Followed, LogLine } from './follow.ts';
import { ProgressBar } from './progress-bar.tsx';

const LINE_HEIGHT = 20;
const COLOURS: Readonly<Record<string, string>> = { error: 'text-bad', warn: 'text-warn', debug: 'text-faint' };

/** What a run says while it runs, and afterwards what it has said. */
export function LiveLog({
  followed,
  isRunning,
  onRetry,
}: {
  readonly followed: Followed;
  readonly isRunning: boolean;
  readonly onRetry: () => void;
}): ReactNode {
  const m = useMessages();
  const { log, progress, connection, problem } = followed;
  const [wrap, setWrap] = useState(true);
  const [isFollowing, setFollowing] = useState(true);
  const text = (): string => log.map(({ at, message }) => `${at}  ${message}`).join('\n');
  return (
    <Panel
      flush
      title={
        <span className="flex items-center gap-2">
          {isRunning ? m.request.log.title : m.request.log.titleEnded}
          <Connection connection={connection} isRunning={isRunning} />
        </span>
      }
      actions={
        log.length > 0 && (
          <div className="flex items-center gap-1">
            <span className="px-1 text-xs text-faint tabular-nums max-md:hidden">{m.request.log.lines(log.length)}</span>
            {isRunning && (
              <Button
                size="sm"
                look="quiet"
                icon={isFollowing ? Pause : ArrowDownToLine}
                aria-pressed={isFollowing}
                onClick={() => setFollowing(!isFollowing)}
              >
                {isFollowing ? m.request.log.pause : m.request.log.follow}
              </Button>
            )}
            <IconButton
              size="sm"
              icon={WrapText}
              label={m.request.log.wrap}
              aria-pressed={wrap}
              className={wrap ? 'text-accent!' : ''}
              onClick={() => setWrap(!wrap)}
            />
            <CopyButton text={text} label={m.request.log.copy} />
          </div>
        )
      }
    >
      {isRunning && progress !== undefined && <ProgressBar progress={progress} />}
      {problem !== undefined && (
        <div className="flex flex-col items-start gap-2 p-4">
          <ErrorNote error={problem} className="w-full" />
          <Button onClick={onRetry}>{m.ui.tryAgain}</Button>
        </div>
      )}
      {log.length === 0 ? (
        <p className="p-4 text-sm text-faint">{isRunning ? m.request.log.waiting : m.request.log.none}</p>
      ) : (
        <Lines log={log} wrap={wrap} isFollowing={isFollowing && isRunning} onFollow={setFollowing} />
      )}
    </Panel>
  );
}

function Connection({
  connection,
  isRunning,
}: {
  readonly connection: Followed['connection'];
  readonly isRunning: boolean;
}): ReactNode {
  const m = useMessages().request.log;
  return (
    <span role="status">
      {connection === 'cut' && (
        <Badge tone="warn" icon={WifiOff}>
          {m.cut}
        </Badge>
      )}
      {connection === 'live' && isRunning && (
        <Badge tone="info" icon={Radio}>
          {m.live}
        </Badge>
      )}
    </span>
  );
}

/** As many lines as fit are drawn, of however many there are. */
function Lines({
  log,
  wrap,
  isFollowing,
  onFollow,
}: {
  readonly log: readonly LogLine[];
  readonly wrap: boolean;
  readonly isFollowing: boolean;
  readonly onFollow: (follows: boolean) => void;
}): ReactNode {
  const m = useMessages().request.log;
  const { language } = useSpoken();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: log.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 20,
  });
  useEffect(() => {
    if (isFollowing && log.length > 0) virtual.scrollToIndex(log.length - 1, { align: 'end' });
  }, [isFollowing, log.length, virtual]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines have another height when they are cut otherwise
  useEffect(() => virtual.measure(), [wrap, virtual]);
  const leave = (): void => onFollow(false);
  return (
    // It is scrolled by keyboard like by wheel, so it takes the focus; new lines are not read out one by one.
    <div
      ref={box}
      role="log"
      aria-label={m.label}
      aria-live="off"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      className="max-h-96 overflow-auto bg-sunken py-1 font-mono text-xs"
      onWheel={({ deltaY }) => deltaY < 0 && leave()}
      onTouchMove={leave}
      onKeyDown={({ key }) => ['ArrowUp', 'PageUp', 'Home'].includes(key) && leave()}
    >
      <div className="relative w-full" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const line = log[index];
          if (line === undefined) return null;
          return (
            <div
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              className="absolute top-0 left-0 flex min-w-full gap-3 px-4 leading-5"
              style={{ transform: `translateY(${start}px)`, ...(wrap && { width: '100%' }) }}
            >
              <time
                dateTime={line.at}
                title={exactTime(line.at, language)}
                className="shrink-0 text-faint tabular-nums select-none"
              >
                {clock(line.at)}
              </time>
              <span className={clsx(wrap ? 'min-w-0 break-words whitespace-pre-wrap' : 'whitespace-pre', COLOURS[line.level])}>
                {(line.level === 'error' || line.level === 'warn') && <span className="sr-only">{m.levels[line.level]}: </span>}
                {readable(line.message)}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** `14:03:22` in the reader's zone. */
function clock(at: string): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
