import type { PolicyInForce, PolicyRule } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Scale } from 'lucide-react';
import type { ReactNode } from 'react';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { CedarText } from './cedar-text.tsx';
import { approversOf } from './decision-words.tsx';
import { PolicyPage, policyInForce } from './policy-page.tsx';
import { readRuleSearch } from './rule-search.ts';
import { shortDigest } from './short-digest.ts';

const route = getRouteApi('/policy');

/** The rules that decide now, as they stand in their files. */
export function PolicyRules(): ReactNode {
  const query = useQuery(policyInForce);
  return (
    <PolicyPage current="rules">
      <Loaded query={query}>{(policy) => <Rules policy={policy} />}</Loaded>
    </PolicyPage>
  );
}

function Rules({ policy: { rules, digest, since } }: { readonly policy: PolicyInForce }): ReactNode {
  const m = useMessages();
  const { q = '' } = useFilter(route.useSearch(), readRuleSearch);
  const navigate = useNavigate();
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = rules.filter(({ id, path, text }) => {
    const all = `${id} ${path} ${text}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const paths = [...new Set(fitting.map(({ path }) => path))];
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm text-soft">
        <SearchBox
          label={m.policy.search}
          value={q}
          onChange={(next) => void navigate({ to: '/policy', search: next === '' ? {} : { q: next }, replace: true })}
        />
        <span role="status">{m.policy.count(fitting.length, rules.length)}</span>
        <span>
          {m.policy.since} <Time at={since} />
        </span>
        <span className="inline-flex items-center gap-1">
          {m.policy.digest} <span className="font-mono text-xs">{shortDigest(digest)}</span>
          <CopyButton text={digest} label={m.policy.copyDigest} />
        </span>
      </div>
      {fitting.length === 0 && (
        <Panel>
          <EmptyState icon={Scale} title={m.policy.nothing} />
        </Panel>
      )}
      {paths.map((path) => (
        <Panel key={path} title={<span className="font-mono">{path}</span>} flush>
          {fitting
            .filter((rule) => rule.path === path)
            .map((rule) => (
              <Rule key={rule.id} rule={rule} />
            ))}
        </Panel>
      ))}
    </>
  );
}

function Rule({ rule }: { readonly rule: PolicyRule }): ReactNode {
  const m = useMessages();
  const { id, effect, annotations, path, line, text } = rule;
  const { approvers, count = '1', reason, id: _, ...others } = annotations;
  const isGate = effect === 'forbid' && approvers !== undefined;
  return (
    <article
      aria-labelledby={`rule-${id}`}
      className="grid gap-x-6 gap-y-2 border-b border-line px-4 py-3 last:border-b-0 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]"
    >
      <div className="flex min-w-0 flex-col gap-1 text-sm">
        <div className="flex flex-wrap items-center gap-2">
          <Badge tone={isGate ? 'warn' : effect === 'permit' ? 'good' : 'bad'}>{m.policy.kinds[isGate ? 'gate' : effect]}</Badge>
          <h3 id={`rule-${id}`} className="font-mono text-xs font-semibold break-all">
            {id}
          </h3>
        </div>
        {reason !== undefined && <p className="text-soft">{reason}</p>}
        {isGate && (
          <p className="text-soft">
            {m.policy.liftedBy(
              Number(count),
              approvers
                .split(/[\s,]+/)
                .filter(Boolean)
                .map((group) => (group.includes(':') ? approversOf(group, m) : group))
                .join(` ${m.policy.or} `),
            )}
          </p>
        )}
        {Object.entries(others).map(([name, value]) => (
          <p key={name} className="font-mono text-xs text-faint">
            @{name}({JSON.stringify(value)})
          </p>
        ))}
        <p className="font-mono text-xs text-faint">
          {path}:{line}
        </p>
      </div>
      <CedarText text={text} />
    </article>
  );
}
