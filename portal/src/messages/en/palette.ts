import { plural } from '../plural.ts';

/** Words of the palette: `Ctrl K`. */
export const palette = {
  label: 'Search or run',
  placeholder: 'Search or run…',
  open: 'Search or run anything',
  results: 'Results',
  nothing: 'Nothing fits',
  loading: 'Loading…',
  count: (count: number): string => plural('en', count, { one: '# result', other: '# results' }),
  beside: 'in a new tab',
  prefixes: { action: '> actions', request: '# requests', person: '@ people' },
  kinds: {
    recent: 'Recent',
    command: 'Commands',
    page: 'Pages',
    action: 'Actions',
    request: 'Requests',
    service: 'Services',
    team: 'Teams',
    person: 'People',
    environment: 'Environments',
  },
  theme: (name: string): string => `Theme: ${name}`,
  language: (name: string): string => `Language: ${name}`,
};
