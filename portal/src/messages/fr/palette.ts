import type { Messages } from '../en/index.ts';
import { plural } from '../plural.ts';

export const palette: Messages['palette'] = {
  label: 'Rechercher ou exécuter',
  placeholder: 'Rechercher ou exécuter…',
  open: 'Tout rechercher ou exécuter',
  results: 'Résultats',
  nothing: 'Rien ne correspond',
  loading: 'Chargement…',
  count: (count) => plural('fr', count, { one: '# résultat', other: '# résultats' }),
  beside: 'dans un nouvel onglet',
  prefixes: { action: '> actions', request: '# demandes', person: '@ personnes' },
  kinds: {
    recent: 'Récents',
    command: 'Commandes',
    page: 'Pages',
    action: 'Actions',
    request: 'Demandes',
    service: 'Services',
    team: 'Équipes',
    person: 'Personnes',
    environment: 'Environnements',
  },
  theme: (name) => `Thème : ${name}`,
  language: (name) => `Langue : ${name}`,
};
