import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

const linkClass = 'text-ink underline decoration-line-strong/60 underline-offset-2 hover:text-accent hover:decoration-accent';

interface NameProps {
  readonly name: string;
  /** What it is called, when that is known; else its name stands alone. */
  readonly title?: string | null | undefined;
}

export function TeamName({ name, title }: NameProps): ReactNode {
  return (
    <Link to="/teams/$team" params={{ team: name }} className={linkClass}>
      {title ?? name}
    </Link>
  );
}

export function ServiceName({ name, title }: NameProps): ReactNode {
  return (
    <Link to="/services/$service" params={{ service: name }} className={linkClass}>
      {title ?? name}
    </Link>
  );
}

export function PersonName({ name, title }: NameProps): ReactNode {
  return (
    <Link to="/people/$person" params={{ person: name }} className={linkClass}>
      {title ?? name}
    </Link>
  );
}

/** Whoever did something: a person has a page, a machine and the gateway itself have none. */
export function ActorName({ actor }: { readonly actor: { readonly id: string; readonly name: string } }): ReactNode {
  if (!actor.id.startsWith('user:')) return <span>{actor.name}</span>;
  return <PersonName name={actor.id.slice('user:'.length)} title={actor.name} />;
}

/** Several names with commas between; `none` when there is nobody. */
export function NameList({ items, none }: { readonly items: readonly ReactNode[]; readonly none: string }): ReactNode {
  if (items.length === 0) return <span className="text-faint">{none}</span>;
  return items.map((item, index) => (
    // The list is drawn whole each time, in its order.
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    <span key={index}>
      {index > 0 && ', '}
      {item}
    </span>
  ));
}

/** A link to a request, by what it does when that is said, else by its id. */
export function RequestName({
  id,
  className,
  children,
}: {
  readonly id: string;
  readonly className?: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <Link to="/requests/$request" params={{ request: id }} className={className ?? linkClass}>
      {children ?? id}
    </Link>
  );
}

/** A link to an action, by its title when that is given, else by its id. */
export function ActionName({
  id,
  className,
  children,
}: {
  readonly id: string;
  readonly className?: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <Link to="/actions/$action" params={{ action: id }} className={className ?? linkClass}>
      {children ?? id}
    </Link>
  );
}
