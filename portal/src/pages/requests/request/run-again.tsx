import { isEnded } from '@guichet/client';
import type { Request } from '@guichet/contract';
import { RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { LinkButton } from '../../../ui/button.tsx';
import { withoutSecrets } from './without-secrets.ts';

/** The form of the action, filled in as it was; secrets are typed anew. */
export function RunAgain({ request: { state, action, environment, input } }: { readonly request: Request }): ReactNode {
  const m = useMessages().request.commands;
  if (!isEnded(state)) return null;
  return (
    <LinkButton to="/actions/$action" params={{ action }} search={{ environment, input: withoutSecrets(input) }} icon={RotateCw}>
      {m.runAgain}
    </LinkButton>
  );
}
