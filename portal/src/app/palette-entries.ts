import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { asked } from '../api/gateway.ts';
import { useMe } from '../api/me.ts';
import { useSpoken } from '../messages/index.tsx';
import { LANGUAGE_NAMES, LANGUAGES } from '../messages/language.ts';
import { chooseTheme, THEMES } from './appearance.ts';
import { PLACES } from './navigation.ts';
import { showOverlay } from './overlay.ts';
import type { Entry } from './palette-search.ts';
import { signOut } from './sign-out.ts';

/** Long enough that opening it again asks for nothing. */
const staleTime = 60_000;
const RECENT_REQUESTS = 200;

/** All that the palette leads to. What the gateway refuses to show is not there, and nothing else is missing for it. */
export function usePaletteEntries(): { readonly entries: readonly Entry[]; readonly isLoading: boolean } {
  const actions = useQuery({ ...asked('actions.list'), staleTime });
  const requests = useQuery({ ...asked('requests.list', { query: { limit: RECENT_REQUESTS } }), staleTime: 5_000 });
  const services = useQuery({ ...asked('services.list'), staleTime });
  const teams = useQuery({ ...asked('teams.list'), staleTime });
  const people = useQuery({ ...asked('people.list'), staleTime });
  const environments = useQuery({ ...asked('environments.list'), staleTime });
  const own = useOwnEntries();
  const entries = useMemo<readonly Entry[]>(
    () => [
      ...own,
      ...(actions.data?.items ?? []).map(({ id, title, provider }) => ({
        kind: 'action' as const,
        id,
        label: title,
        about: `${id} · ${provider}`,
        path: `/actions/${encodeURIComponent(id)}`,
      })),
      ...(requests.data?.items ?? []).map(({ id, summary, requester, environment }) => ({
        kind: 'request' as const,
        id,
        label: `${id} ${summary}`,
        about: `${requester.name} · ${environment}`,
        path: `/requests/${id}`,
      })),
      ...(services.data?.items ?? []).map(({ name, title, team }) => named('service', 'services', name, title, team)),
      ...(teams.data?.items ?? []).map(({ name, title }) => named('team', 'teams', name, title)),
      ...(people.data?.items ?? []).map(({ name, fullName, teams: of }) =>
        named('person', 'people', name, fullName, of.join(', ')),
      ),
      ...(environments.data?.items ?? []).map(({ name, title }) => named('environment', 'environments', name, title)),
    ],
    [own, actions.data, requests.data, services.data, teams.data, people.data, environments.data],
  );
  return { entries, isLoading: [actions, requests, services, teams, people, environments].some(({ isPending }) => isPending) };
}

function named(kind: Entry['kind'], folder: string, name: string, title: string | null, more = ''): Entry {
  const about = [title === null ? '' : name, more].filter((part) => part !== '').join(' · ');
  return { kind, id: name, label: title ?? name, about, path: `/${folder}/${encodeURIComponent(name)}` };
}

/** What the console has by itself: its pages, and what can be done anywhere. */
function useOwnEntries(): readonly Entry[] {
  const { messages: m, speak, language } = useSpoken();
  const { csrf } = useMe();
  return useMemo(
    () => [
      ...PLACES.flatMap(({ places }) => places).map(({ name, to, key }) => ({
        kind: 'page' as const,
        id: name,
        label: m.shell.nav[name],
        path: to,
        keys: `g ${key}`,
      })),
      ...THEMES.map((theme) => command(`theme-${theme}`, m.palette.theme(m.shell.themes[theme]), () => chooseTheme(theme))),
      ...LANGUAGES.filter((other) => other !== language).map((other) =>
        command(`language-${other}`, m.palette.language(LANGUAGE_NAMES[other]), () => speak(other)),
      ),
      { ...command('keys', m.keys.sheet, () => showOverlay('keys')), keys: '?' },
      command('docs', m.shell.account.docs, () => void window.open('/docs/', '_blank', 'noopener')),
      command('sign-out', m.shell.account.signOut, () => signOut(csrf ?? '')),
    ],
    [m, speak, language, csrf],
  );
}

const command = (id: string, label: string, run: () => void): Entry => ({ kind: 'command', id, label, run });
