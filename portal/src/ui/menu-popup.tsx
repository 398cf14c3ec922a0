import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import type { Entry, MenuChoice, MenuEntry } from './menu-entry.ts';

const ITEM = 'flex cursor-pointer items-center gap-2 rounded-md px-2 py-1.5 outline-none data-highlighted:bg-hover';
const HEADING = 'px-2 pt-1.5 pb-1 text-xs text-faint';

/** The menu itself, open when it comes. */
export function MenuPopup({
  trigger,
  entries,
}: {
  readonly trigger: ReactElement;
  readonly entries: readonly Entry[];
}): ReactNode {
  return (
    <Base.Root defaultOpen>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-50 outline-none">
          <Base.Popup className="min-w-44 rounded-lg border border-line bg-raised p-1 text-sm shadow-pop outline-none">
            {entries.map((entry, index) => {
              // biome-ignore lint/suspicious/noArrayIndexKey: its place is all that a line is
              if (entry === 'line') return <Base.Separator key={`line-${index}`} className="my-1 h-px bg-line" />;
              if ('heading' in entry)
                return (
                  <div key={entry.heading} className={HEADING}>
                    {entry.heading}
                  </div>
                );
              return 'choose' in entry ? <Choice key={entry.choose} {...entry} /> : <Item key={entry.label} {...entry} />;
            })}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Item({ label, icon: Icon, onSelect, tone, checked }: MenuEntry): ReactNode {
  const className = `${ITEM} ${tone === 'bad' ? 'text-bad' : ''}`;
  const content = (
    <>
      {Icon && <Icon size={14} aria-hidden className={tone === 'bad' ? '' : 'text-faint'} />}
      <span className="flex-1">{label}</span>
    </>
  );
  if (checked === undefined)
    return (
      <Base.Item onClick={onSelect} className={className}>
        {content}
      </Base.Item>
    );
  return (
    <Base.CheckboxItem checked={checked} onCheckedChange={onSelect} closeOnClick className={className}>
      {content}
      {checked && <Check size={14} aria-hidden />}
    </Base.CheckboxItem>
  );
}

function Choice({ choose, from, chosen, onChoose }: MenuChoice): ReactNode {
  return (
    <Base.Group>
      <Base.GroupLabel className={HEADING}>{choose}</Base.GroupLabel>
      <Base.RadioGroup value={chosen} onValueChange={onChoose}>
        {from.map(({ value, label }) => (
          <Base.RadioItem key={value} value={value} closeOnClick className={ITEM}>
            <span className="flex-1">{label}</span>
            {value === chosen && <Check size={14} aria-hidden />}
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}
