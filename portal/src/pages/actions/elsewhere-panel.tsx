import { type ReactNode, useDeferredValue, useMemo } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Code } from '../../ui/copy.tsx';
import { Panel } from '../../ui/page.tsx';
import { commandLine, curlCommand, hasSecrets, type SameCall } from './elsewhere.ts';

/** The command and the call that do what the form would, to copy; they follow what is typed. */
export function ElsewherePanel({ call }: { readonly call: SameCall }): ReactNode {
  const m = useMessages().actions;
  const later = useDeferredValue(call);
  const command = useMemo(() => commandLine(later), [later]);
  const curl = useMemo(() => curlCommand(later, location.origin), [later]);
  return (
    <Panel title={m.elsewhere}>
      <div className="flex flex-col gap-3">
        <div>
          <h3 className="mb-1 text-xs font-medium text-faint">{m.commandLine}</h3>
          <Code text={command} label={m.commandLine} />
        </div>
        <div>
          <h3 className="mb-1 text-xs font-medium text-faint">{m.http}</h3>
          <Code text={curl} label={m.http} />
        </div>
        {hasSecrets(later.shown) && <p className="text-xs text-faint">{m.secretsElsewhere}</p>}
      </div>
    </Panel>
  );
}
