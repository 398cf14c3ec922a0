import type { ResponseOf } from '@guichet/client';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { ExternalLink } from '../../ui/external-link.tsx';
import { Lifecycle } from './lifecycle.tsx';

type Service = ResponseOf<'services.list'>['items'][number];

/** A few services, with where they run and where to look at them. */
export function ServiceRows({
  services,
  none,
  openOn,
  most = Number.POSITIVE_INFINITY,
}: {
  readonly services: readonly Service[];
  readonly none: ReactNode;
  /** How many requests about a service are open. */
  readonly openOn: (service: string) => number;
  /** More of them are told as a number. */
  readonly most?: number;
}): ReactNode {
  const m = useMessages();
  if (services.length === 0) return <p className="px-4 py-3 text-sm text-soft">{none}</p>;
  return (
    <ul>
      {services.slice(0, most).map(({ name, title, description, lifecycle, environments, links }) => (
        <li key={name} className="border-b border-line px-4 py-2 text-sm last:border-b-0 hover:bg-hover">
          <div className="flex flex-wrap items-center gap-x-2">
            <Link
              to="/services/$service"
              params={{ service: name }}
              className="min-h-6 max-w-full shrink-0 truncate py-0.5 font-medium hover:text-accent hover:underline"
            >
              {title ?? name}
            </Link>
            <Lifecycle name={lifecycle} />
            <Open count={openOn(name)} service={name} />
            <span className="min-w-0 flex-1 truncate text-xs text-faint max-xl:hidden">{description}</span>
            {links.slice(0, 2).map(({ title: link, url }) => (
              <ExternalLink key={url} url={url} className="text-xs">
                {link}
              </ExternalLink>
            ))}
          </div>
          {environments.length > 0 && (
            <ul className="flex flex-col">
              {environments.map((environment) => (
                <li key={environment.name} className="flex items-start gap-x-3 text-xs">
                  <Link
                    to="/environments/$environment"
                    params={{ environment: environment.name }}
                    className="inline-flex min-h-6 w-20 shrink-0 items-center truncate text-soft hover:text-accent hover:underline"
                  >
                    {environment.name}
                  </Link>
                  <span className="flex min-w-0 flex-wrap gap-x-3">
                    {environment.links.map(({ title: link, url }) => (
                      <ExternalLink key={url} url={url}>
                        {link}
                      </ExternalLink>
                    ))}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
      {services.length > most && (
        <li className="px-4 py-2 text-xs">
          <Link to="/services" search={{ team: 'mine' }} className="text-accent hover:underline">
            {m.company.service.more(services.length - most)}
          </Link>
        </li>
      )}
    </ul>
  );
}

function Open({ count, service }: { readonly count: number; readonly service: string }): ReactNode {
  const m = useMessages().company.service;
  if (count === 0) return null;
  return (
    <Link to="/services/$service" params={{ service }} className="inline-flex min-h-6 shrink-0 items-center hover:underline">
      <Badge tone="warn">{m.open(count)}</Badge>
    </Link>
  );
}
