import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Wrench } from 'lucide-react';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { inputOf, readCommand } from '../../outputs/command.ts';
import { Button } from '../../ui/button.tsx';
import { useAsk } from './ask.tsx';

/** Reads of the provider that have a page of their own. */
const PAGES: Readonly<Record<string, 'activity' | 'blocking' | 'slow-queries'>> = {
  'postgres.activity': 'activity',
  'postgres.blocking': 'blocking',
  'postgres.slow-queries': 'slow-queries',
};

/** Does what a sentence says that mends: opens the dialog of the write that it names, filled in, or the page of the read. */
export function MendButton({
  text,
  instance,
  environment,
}: {
  readonly text: string;
  readonly instance: string;
  readonly environment: string;
}): ReactNode {
  const m = useMessages().postgres.health;
  const command = readCommand(text);
  const page = command && PAGES[command.action];
  const isWrite = command !== undefined && page === undefined;
  const ask = useAsk();
  const { data } = useQuery({
    ...asked('actions.show', { params: { action: command?.action ?? '' } }),
    enabled: isWrite,
    staleTime: 5 * 60_000,
  });
  if (page !== undefined)
    return (
      <Link
        to={`/postgres/$environment/$instance/${page}`}
        params={{ environment, instance }}
        className="text-sm text-accent hover:underline"
      >
        {m.see}
      </Link>
    );
  // Not everybody sees every action; and some of what mends is nothing that Guichet does.
  if (command === undefined || data?.kind !== 'write') return null;
  return (
    <Button
      size="sm"
      icon={Wrench}
      onClick={() =>
        ask({
          action: command.action,
          input: inputOf(command, data.input),
          ...(command.environment !== undefined && { environment: command.environment }),
        })
      }
    >
      {m.mend}
    </Button>
  );
}
