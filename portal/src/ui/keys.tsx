import clsx from 'clsx';
import type { ReactNode } from 'react';

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
const NAMES: Readonly<Record<string, string>> = {
  mod: isApple ? '⌘' : 'Ctrl',
  shift: isApple ? '⇧' : 'Shift',
  enter: isApple ? '↵' : 'Enter',
  escape: 'Esc',
  arrowdown: '↓',
  arrowup: '↑',
};

/** Keys to press: `mod+k` together, `g r` one after the other. */
export function Keys({ keys, className }: { readonly keys: string; readonly className?: string }): ReactNode {
  return (
    <span className={clsx('inline-flex items-center gap-1', className)} aria-hidden>
      {keys.split(' ').map((step) => (
        <kbd
          key={step}
          className="inline-flex h-4.5 min-w-4.5 items-center justify-center rounded-sm border border-current/25 px-1 font-sans text-2xs leading-none"
        >
          {step
            .split('+')
            .map((key) => NAMES[key.toLowerCase()] ?? (key.length === 1 ? key.toUpperCase() : key))
            .join(isApple ? '' : '+')}
        </kbd>
      ))}
    </span>
  );
}
