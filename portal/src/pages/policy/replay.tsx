import type { PolicyDifference } from '@guichet/contract';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { CircleCheck, History, Play, Square } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { number } from '../../ui/format.ts';
import { Panel } from '../../ui/page.tsx';
import { EmptyState, ErrorNote, Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { DecisionWords } from './decision-words.tsx';
import { useDrafts } from './drafts.ts';
import { PolicyFiles } from './policy-files.tsx';
import { PolicyPage } from './policy-page.tsx';
import { DAYS, type Days, readReplaySearch } from './replay-search.ts';
import { byRules, type Replay, useReplay } from './use-replay.ts';

const route = getRouteApi('/policy/replay');
const DAY_MS = 86_400_000;
const FIRST = 10;

/** The past decided once more, by the rules in force or by others. */
export function PolicyReplay(): ReactNode {
  const m = useMessages().policy.replay;
  const { days = 30 } = useFilter(route.useSearch(), readReplaySearch);
  const navigate = useNavigate();
  const { files } = useDrafts();
  const { replay, start, stop } = useReplay();
  return (
    <PolicyPage current="replay" wide>
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <Panel>
            <div className="flex flex-wrap items-end gap-2">
              <Field label={m.since} className="w-40">
                <Select
                  items={DAYS.map((value) => ({ value: String(value), label: m.days[value] }))}
                  value={String(days)}
                  onChange={(value) => {
                    const chosen = DAYS.find((known): known is Days => String(known) === value);
                    if (chosen) void navigate({ to: '/policy/replay', search: { days: chosen }, replace: true });
                  }}
                />
              </Field>
              {replay.state === 'going' ? (
                <Button icon={Square} onClick={stop}>
                  {m.stop}
                </Button>
              ) : (
                <Button
                  look="primary"
                  icon={Play}
                  onClick={() => start(new Date(Date.now() - days * DAY_MS).toISOString(), files)}
                >
                  {m.start}
                </Button>
              )}
            </div>
            <p className="mt-2 text-xs text-faint">{m.about}</p>
          </Panel>
          <PolicyFiles />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Progress replay={replay} />
          <Differences replay={replay} />
        </div>
      </div>
    </PolicyPage>
  );
}

function Progress({ replay }: { readonly replay: Replay }): ReactNode {
  const m = useMessages().policy.replay;
  const { language } = useSpoken();
  const { state, looked, undecidable, withDenied, differences, error } = replay;
  return (
    <>
      <p role="status" className="text-sm text-soft">
        {state !== 'idle' && (
          <>
            <strong className="font-medium text-ink">
              {state === 'done' && looked === 0 ? m.none : m.looked(number(looked, language))}
            </strong>
            {differences.length > 0 && `, ${m.differences(differences.length)}`}
            {'. '}
            {state === 'going' && m.going}
            {state === 'done' && looked > 0 && m.done}
            {state === 'stopped' && m.stopped} {undecidable > 0 && m.undecidable(undecidable)}
          </>
        )}
      </p>
      {!withDenied && <Note>{m.withoutDenied}</Note>}
      {error && <ErrorNote error={error} />}
    </>
  );
}

function Differences({ replay: { state, differences } }: { readonly replay: Replay }): ReactNode {
  const m = useMessages().policy.replay;
  const groups = useMemo(() => byRules(differences), [differences]);
  if (state === 'idle' || state === 'failed')
    return (
      groups.length === 0 && (
        <Panel>
          <EmptyState icon={History} title={m.empty}>
            {m.emptyText}
          </EmptyState>
        </Panel>
      )
    );
  if (state === 'done' && groups.length === 0)
    return (
      <Panel>
        <EmptyState icon={CircleCheck} title={m.same}>
          {m.sameText}
        </EmptyState>
      </Panel>
    );
  return groups.map(([rules, own]) => <Group key={rules} rules={rules === '' ? m.builtIn : rules} differences={own} />);
}

function Group({ rules, differences }: { readonly rules: string; readonly differences: readonly PolicyDifference[] }): ReactNode {
  const m = useMessages().policy.replay;
  const [shown, setShown] = useState(FIRST);
  const left = differences.length - shown;
  return (
    <Panel
      title={<span className="font-mono">{rules}</span>}
      actions={<span className="text-xs text-faint">{m.group(differences.length)}</span>}
      flush
    >
      <ul aria-label={m.table(rules)}>
        {differences.slice(0, shown).map((difference) => (
          <Difference key={`${difference.request} ${difference.at} ${difference.requester.id}`} difference={difference} />
        ))}
      </ul>
      {left > 0 && (
        <div className="flex justify-center p-2">
          <Button size="sm" look="quiet" onClick={() => setShown(shown + 50)}>
            {m.more(Math.min(left, 50))}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function Difference({ difference }: { readonly difference: PolicyDifference }): ReactNode {
  const m = useMessages().policy.replay;
  const { request, at, requester, action, environment, resource, was, now } = difference;
  return (
    <li className="flex flex-col gap-1 border-b border-line px-4 py-2 text-sm last:border-b-0">
      <p className="flex flex-wrap gap-x-2">
        {request === null ? (
          <span className="text-faint">{m.denied}</span>
        ) : (
          <Link to={`/requests/${request}` as string} className="text-accent underline">
            {request}
          </Link>
        )}
        <Time at={at} className="text-faint" />
        <span className="min-w-0">
          {requester.name}: <span className="font-mono text-xs">{action}</span> · {environment} ·{' '}
          <span className="font-mono text-xs">
            {resource.type}:{resource.id}
          </span>{' '}
          ({resource.owner})
        </span>
      </p>
      <dl className="grid grid-cols-[3.5rem_1fr] gap-y-0.5">
        <dt className="text-faint">{m.was}</dt>
        <dd>
          <DecisionWords decision={was} />
        </dd>
        <dt className="text-faint">{m.now}</dt>
        <dd>
          <DecisionWords decision={now} />
        </dd>
      </dl>
    </li>
  );
}
