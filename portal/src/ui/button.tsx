import { createLink } from '@tanstack/react-router';
import clsx from 'clsx';
import { LoaderCircle, type LucideIcon } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { Keys } from './keys.tsx';
import { Tooltip } from './tooltip.tsx';

export type ButtonLook = 'primary' | 'secondary' | 'quiet' | 'danger';

const LOOKS: Readonly<Record<ButtonLook, string>> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-hover border-transparent',
  secondary: 'bg-panel text-ink border-line-strong/60 hover:bg-hover',
  quiet: 'bg-transparent text-soft border-transparent hover:bg-hover hover:text-ink',
  danger: 'bg-bad text-on-bad hover:bg-bad-hover border-transparent',
};

export interface ButtonStyle {
  readonly look?: ButtonLook;
  readonly size?: 'sm' | 'md';
  readonly icon?: LucideIcon;
}

function classOf({ look = 'secondary', size = 'md' }: ButtonStyle, more?: string): string {
  return clsx(
    'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap select-none',
    'disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55',
    size === 'sm' ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
    LOOKS[look],
    more,
  );
}

type ButtonProps = ButtonStyle &
  ComponentProps<'button'> & {
    /** It works: the button says so and takes no second click. */
    readonly busy?: boolean;
    /** The keys that do the same, such as `mod+Enter`: shown on it. */
    readonly keys?: string;
  };

export function Button({ look, size, icon: Icon, busy = false, keys, className, children, ...props }: ButtonProps): ReactNode {
  const styled = classOf({ ...(look && { look }), ...(size && { size }) }, className);
  return (
    <button type="button" {...props} className={styled} aria-busy={busy || undefined} disabled={props.disabled === true || busy}>
      {busy ? <LoaderCircle size={14} aria-hidden className="animate-spin" /> : Icon && <Icon size={14} aria-hidden />}
      {children}
      {keys !== undefined && <Keys keys={keys} className="ml-1 max-md:hidden" />}
    </button>
  );
}

/** A button that is an icon alone: its name is read out, and shown when it is pointed at. */
export function IconButton({
  icon: Icon,
  label,
  size = 'md',
  look = 'quiet',
  className,
  ...props
}: ButtonStyle & ComponentProps<'button'> & { readonly icon: LucideIcon; readonly label: string }): ReactNode {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        aria-label={label}
        {...props}
        className={classOf({ look, size }, clsx('px-0!', size === 'sm' ? 'w-7' : 'w-8', className))}
      >
        <Icon size={size === 'sm' ? 14 : 16} aria-hidden />
      </button>
    </Tooltip>
  );
}

/** A link within the console that looks like a button. */
export const LinkButton = createLink(function LinkLikeButton({
  look,
  size,
  icon: Icon,
  className,
  children,
  ...props
}: ButtonStyle & ComponentProps<'a'>): ReactNode {
  return (
    <a {...props} className={classOf({ ...(look && { look }), ...(size && { size }) }, clsx('no-underline', className))}>
      {Icon && <Icon size={14} aria-hidden />}
      {children}
    </a>
  );
});
