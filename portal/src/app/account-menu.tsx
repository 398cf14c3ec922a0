import type { ReactNode } from 'react';
import { useMe } from '../api/me.ts';
import { useMessages, useSpoken } from '../messages/index.tsx';
import { LANGUAGE_NAMES, LANGUAGES } from '../messages/language.ts';
import { Menu } from '../ui/menu.tsx';
import { tell } from '../ui/toast.tsx';
import { chooseTheme, THEMES, useTheme } from './appearance.ts';
import { turnSingleKeys, useSingleKeys } from './keys.ts';
import { turnNotify, useNotify } from './notifications.ts';
import { showOverlay } from './overlay.ts';
import { signOut } from './sign-out.ts';

export function AccountMenu(): ReactNode {
  const { shell: m, keys, requests } = useMessages();
  const isNotified = useNotify();
  const notify = async (): Promise<void> => {
    const now = await turnNotify(isNotified ? 'off' : 'on');
    if (now === 'on') tell(requests.notify.setting, { description: requests.notify.on });
    if (now === 'refused') tell(requests.notify.refused, { description: requests.notify.refusedText });
  };
  const areKeysOn = useSingleKeys();
  const { language, speak } = useSpoken();
  const { principal, csrf } = useMe();
  const initials = initialsOf(principal.name);
  const theme = useTheme();
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={`${m.account.label(principal.name)}, ${initials}`} // what is seen of it too, for whoever says it aloud
          className="flex size-8 items-center justify-center rounded-full bg-accent-tint text-xs font-semibold text-accent"
        >
          {initials}
        </button>
      }
      entries={[
        { heading: `${principal.name} · ${principal.id}` },
        'line',
        {
          choose: m.account.theme,
          from: THEMES.map((value) => ({ value, label: m.themes[value] })),
          chosen: theme,
          onChoose: (value) => chooseTheme(THEMES.find((name) => name === value) ?? 'system'),
        },
        'line',
        {
          choose: m.account.language,
          from: LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] })),
          chosen: language,
          onChoose: (value) => speak(LANGUAGES.find((name) => name === value) ?? 'en'),
        },
        'line',
        { label: m.account.keys, onSelect: () => showOverlay('keys') },
        { label: keys.single, checked: areKeysOn, onSelect: () => turnSingleKeys(areKeysOn ? 'off' : 'on') },
        'line',
        { label: requests.notify.setting, checked: isNotified, onSelect: () => void notify() },
        'line',
        { label: m.account.docs, onSelect: () => void window.open('/docs/', '_blank', 'noopener') },
        { label: m.account.signOut, onSelect: () => signOut(csrf ?? '') },
      ]}
    />
  );
}

const initialsOf = (name: string): string =>
  name
    .split(/[\s-]+/)
    .map((part) => part[0] ?? '')
    .slice(0, 2)
    .join('')
    .toUpperCase();
