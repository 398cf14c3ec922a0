import { ExternalLink as Icon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';

/** A link out of the console, in a tab of its own. The company's files give http and https alone; anything else is no link. */
export function ExternalLink({
  url,
  about,
  className,
  children,
}: {
  readonly url: string;
  /** What it leads to, where its words alone may not say it: `Logs`. */
  readonly about?: string;
  readonly className?: string;
  readonly children: ReactNode;
}): ReactNode {
  const m = useMessages().company;
  if (!/^https?:\/\//i.test(url)) return <span className={className}>{children}</span>;
  return (
    <a
      href={url}
      target="_blank"
      rel="noopener noreferrer"
      title={about}
      className={`inline-flex min-h-6 max-w-full items-center gap-1 text-accent hover:underline ${className ?? ''}`}
    >
      <span className="truncate">{children}</span>
      <Icon size={12} aria-hidden className="shrink-0" />
      <span className="sr-only"> {m.newTab}</span>
    </a>
  );
}
