import { useNavigate, useParams } from '@tanstack/react-router';
import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import { ActionDialog } from '../actions/action-dialog.tsx';

export interface Asked {
  /** `postgres.cancel-query` */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Whoever asks may fill in more. */
  readonly withForm?: boolean;
  /** Where, when it is another environment than that of the page. */
  readonly environment?: string;
}

const AskContext = createContext<((asked: Asked) => void) | undefined>(undefined);

/** Opens the dialog of a write for something on the screen: its plan, who decides, why, then it is sent. */
export function useAsk(): (asked: Asked) => void {
  const ask = use(AskContext);
  if (ask === undefined) throw new Error('useAsk is used outside of AskProvider');
  return ask;
}

/** Holds the dialog, apart from the rows that open it: those come and go. */
export function AskProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const { environment = '' } = useParams({ strict: false });
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Asked>();
  const ask = useMemo(() => (wanted: Asked) => setAsked(wanted), []);
  return (
    <AskContext value={ask}>
      {children}
      {asked !== undefined && (
        <ActionDialog
          action={asked.action}
          environment={asked.environment ?? environment}
          input={asked.input}
          withForm={asked.withForm ?? false}
          onClose={() => setAsked(undefined)}
          onSubmitted={({ id }) => void navigate({ to: '/requests/$request', params: { request: id } })}
        />
      )}
    </AskContext>
  );
}
