import { Checkbox as BaseCheckbox } from '@base-ui/react/checkbox';
import { Field as Base } from '@base-ui/react/field';
import { Select as BaseSelect } from '@base-ui/react/select';
import clsx from 'clsx';
import { Check, ChevronsUpDown } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';

interface FieldProps {
  readonly label: ReactNode;
  readonly about?: ReactNode;
  readonly error?: ReactNode;
  readonly required?: boolean;
  /** Read out, not shown: a search box says by its place and its sign what it is. */
  readonly hideLabel?: boolean;
  readonly className?: string;
  /** One control of this file: it gets its name and its description from here. */
  readonly children: ReactNode;
}

/** A label, a control, what it is for, what is wrong with it: tied together for those who cannot see that they are. */
export function Field({ label, about, error, required = false, hideLabel = false, className, children }: FieldProps): ReactNode {
  const m = useMessages();
  return (
    <Base.Root invalid={error !== undefined && error !== null} className={clsx('flex min-w-0 flex-col gap-1', className)}>
      <Base.Label className={hideLabel ? 'sr-only' : 'text-sm font-medium'}>
        {label}
        {required && (
          <span className="ml-1 font-normal text-faint">
            <span className="sr-only">, </span>
            {m.ui.required}
          </span>
        )}
      </Base.Label>
      {children}
      {about !== undefined && <Base.Description className="text-xs text-faint">{about}</Base.Description>}
      {error !== undefined && error !== null && (
        <Base.Error match className="text-xs font-medium text-bad">
          {error}
        </Base.Error>
      )}
    </Base.Root>
  );
}

/** What is typed into looks the same everywhere. */
export const controlClass =
  'w-full min-w-0 rounded-md border border-line-strong bg-panel px-2.5 text-sm text-ink data-invalid:border-bad aria-invalid:border-bad focus-visible:outline-offset-0 disabled:opacity-60 max-md:text-base';

export function TextInput({ className, ...props }: ComponentProps<typeof Base.Control>): ReactNode {
  return <Base.Control {...props} className={clsx(controlClass, 'h-8', className)} />;
}

export function TextArea({ className, rows = 3, ...props }: ComponentProps<'textarea'>): ReactNode {
  return (
    // Base UI gives its control the props of an input; those that differ are of no use here.
    <Base.Control
      render={<textarea rows={rows} {...props} />}
      className={clsx(controlClass, 'field-sizing-content py-1.5', className)}
    />
  );
}

export interface SelectItem<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly about?: string | undefined;
}

/** One of a few. For many, or with search, use a combobox. */
export function Select<Value extends string>({
  items,
  value,
  onChange,
  placeholder,
  className,
  size = 'md',
  ...props
}: {
  readonly items: readonly SelectItem<Value>[];
  readonly value: Value | null;
  readonly onChange: (value: Value) => void;
  readonly placeholder?: string;
  readonly className?: string;
  readonly size?: 'sm' | 'md';
  readonly disabled?: boolean;
  readonly 'aria-label'?: string;
}): ReactNode {
  return (
    <BaseSelect.Root
      items={[...items]}
      value={value}
      onValueChange={(chosen) => chosen !== null && onChange(chosen)}
      disabled={props.disabled ?? false}
    >
      <BaseSelect.Trigger
        aria-label={props['aria-label']}
        className={clsx(
          controlClass,
          size === 'sm' ? 'h-7 text-xs' : 'h-8',
          'flex items-center justify-between gap-2 text-left',
          className,
        )}
      >
        <BaseSelect.Value className="truncate data-placeholder:text-faint" placeholder={placeholder} />
        <BaseSelect.Icon render={<ChevronsUpDown size={13} aria-hidden className="shrink-0 text-faint" />} />
      </BaseSelect.Trigger>
      <BaseSelect.Portal>
        <BaseSelect.Positioner alignItemWithTrigger={false} sideOffset={4} className="z-50 outline-none">
          <BaseSelect.Popup className="max-h-(--available-height) min-w-(--anchor-width) overflow-y-auto rounded-lg border border-line bg-raised p-1 text-sm shadow-pop outline-none">
            {items.map(({ value: own, label, about }) => (
              <BaseSelect.Item
                key={own}
                value={own}
                className="flex cursor-pointer items-start gap-2 rounded-md px-2 py-1.5 outline-none data-highlighted:bg-hover"
              >
                <span className="w-3.5 pt-0.5">
                  <BaseSelect.ItemIndicator render={<Check size={14} aria-hidden className="text-accent" />} />
                </span>
                <span className="min-w-0">
                  <BaseSelect.ItemText>{label}</BaseSelect.ItemText>
                  {about !== undefined && <span className="block text-xs text-faint">{about}</span>}
                </span>
              </BaseSelect.Item>
            ))}
          </BaseSelect.Popup>
        </BaseSelect.Positioner>
      </BaseSelect.Portal>
    </BaseSelect.Root>
  );
}

/** Yes or no; its label is beside it. */
export function Checkbox({
  label,
  about,
  checked,
  onChange,
  disabled = false,
}: {
  readonly label: ReactNode;
  readonly about?: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}): ReactNode {
  return (
    <Base.Root className="flex flex-col gap-0.5">
      <Base.Label className="flex items-start gap-2 text-sm">
        <BaseCheckbox.Root
          checked={checked}
          onCheckedChange={onChange}
          disabled={disabled}
          className="mt-0.5 flex size-4 shrink-0 items-center justify-center rounded-sm border border-line-strong bg-panel data-checked:border-accent data-checked:bg-accent data-disabled:opacity-50"
        >
          <BaseCheckbox.Indicator render={<Check size={12} strokeWidth={3} aria-hidden className="text-on-accent" />} />
        </BaseCheckbox.Root>
        <span>{label}</span>
      </Base.Label>
      {about !== undefined && <Base.Description className="pl-6 text-xs text-faint">{about}</Base.Description>}
    </Base.Root>
  );
}

/** A few choices side by side, one of them taken: views, ranges of time. */
export function Segmented<Value extends string>({
  label,
  items,
  value,
  onChange,
}: {
  readonly label: string;
  readonly items: readonly SelectItem<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}): ReactNode {
  return (
    <fieldset className="inline-flex h-8 items-center rounded-md border border-line bg-sunken p-0.5">
      <legend className="sr-only">{label}</legend>
      {items.map(({ value: own, label: name }) => (
        <label
          key={own}
          className="flex h-full cursor-pointer items-center rounded-[5px] px-2.5 text-xs font-medium text-soft has-checked:bg-panel has-checked:text-ink has-checked:shadow-sm has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            className="sr-only"
            name={label}
            value={own}
            checked={own === value}
            onChange={() => onChange(own)}
          />
          {name}
        </label>
      ))}
    </fieldset>
  );
}
