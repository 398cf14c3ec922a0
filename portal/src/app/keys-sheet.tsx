import { type ReactNode, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Checkbox } from '../ui/field.tsx';
import { Keys } from '../ui/keys.tsx';
import { KEY_GROUPS, registeredKeys, turnSingleKeys, useSingleKeys } from './keys.ts';

/** Every key that does something right now, on this page and anywhere. */
export function KeysSheet({ onClose }: { readonly onClose: () => void }): ReactNode {
  const m = useMessages().keys;
  const areOn = useSingleKeys();
  // What was there when it opened; read once more when the switch below changes what counts.
  const [seen, setSeen] = useState(registeredKeys);
  return (
    <Dialog open title={m.title} about={m.about} size="lg" onClose={onClose}>
      <div className="gap-x-8 md:columns-2">
        {KEY_GROUPS.filter((group) => seen[group].length > 0).map((group) => (
          <section key={group} className="mb-4 break-inside-avoid">
            <h3 className="pb-1 text-xs font-medium text-faint">{m.groups[group]}</h3>
            <dl>
              {seen[group].map(({ keys, label }) => (
                <div
                  key={keys}
                  className="flex items-center justify-between gap-3 border-b border-line py-1.5 text-sm last:border-b-0"
                >
                  <dt>{label}</dt>
                  <dd>
                    <Keys keys={keys} />
                    <span className="sr-only">{m.spoken(keys)}</span>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <div className="mt-4 border-t border-line pt-3">
        <Checkbox
          label={m.single}
          about={m.singleAbout}
          checked={areOn}
          onChange={(on) => {
            turnSingleKeys(on ? 'on' : 'off');
            setSeen(registeredKeys());
          }}
        />
      </div>
    </Dialog>
  );
}
