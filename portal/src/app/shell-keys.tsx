import { useRouter } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense } from 'react';
import { useMessages } from '../messages/index.tsx';
import { useKeys } from './keys.ts';
import { PLACES } from './navigation.ts';
import { showOverlay, useOverlay } from './overlay.ts';

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));
const KeysSheet = lazy(async () => ({ default: (await import('./keys-sheet.tsx')).KeysSheet }));

/** The keys that work on every page, and what they lay over it. */
export function ShellKeys(): ReactNode {
  const m = useMessages();
  const router = useRouter();
  const overlay = useOverlay();
  useKeys(
    {
      'mod+k': { label: m.palette.open, run: () => showOverlay('palette') },
      '?': { label: m.keys.sheet, run: () => showOverlay('keys') },
    },
    { group: 'anywhere' },
  );
  useKeys(
    Object.fromEntries(
      PLACES.flatMap(({ places }) => places).map(({ name, key, to }) => [
        `g ${key}`,
        { label: m.shell.nav[name], run: () => void router.navigate({ to }) },
      ]),
    ),
    { group: 'go' },
  );
  const close = (): void => showOverlay(undefined);
  return (
    <Suspense>
      {overlay === 'palette' && <Palette onClose={close} />}
      {overlay === 'keys' && <KeysSheet onClose={close} />}
    </Suspense>
  );
}
