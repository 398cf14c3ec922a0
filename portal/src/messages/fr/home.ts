import type { Messages } from '../en/index.ts';
import { plural } from '../plural.ts';

export const home: Messages['home'] = {
  title: 'Accueil',
  onCall: (teams) => `D’astreinte pour ${teams}`,
  waiting: {
    title: 'Vous attend',
    none: 'Rien ne vous attend.',
    approve: 'À approuver',
    review: 'À relire : la vitre a été brisée',
    settle: 'À régler : personne n’a vu la fin de l’exécution',
    all: 'Toutes',
    lapses: 'expire',
    asked: 'demandée',
  },
  flight: {
    title: 'Les miennes en cours',
    none: 'Rien de vous n’est en cours.',
    all: 'Toutes les miennes',
    first: 'Vous n’avez encore rien demandé. Choisissez une action ; ce qui arriverait est montré avant tout envoi.',
    actions: 'Voir toutes les actions',
  },
  today: {
    title: (environment) => `${environment} aujourd’hui`,
    none: (environment) => `Rien ne s’est passé dans ${environment} aujourd’hui.`,
    all: 'Toutes',
    by: (name) => `par ${name}`,
  },
  actions: {
    favourites: 'Favorites',
    recent: 'Récentes',
    title: 'Sous la main',
    none: 'Les actions que vous marquez d’une étoile, et celles que vous avez utilisées en dernier, sont ici.',
    all: 'Toutes les actions',
    gone: 'absente du catalogue',
  },
  lasting: { title: 'À vous, et bientôt fini', all: 'Tout voir' },
  services: {
    title: 'Services de mes équipes',
    none: 'Vos équipes ne possèdent aucun service, autant que les fichiers de l’entreprise le disent.',
    noTeam:
      'Vous n’êtes encore dans aucune équipe, autant que les fichiers de l’entreprise et le fournisseur d’identité le disent.',
    all: 'Tous les services',
    open: (count) => plural('fr', count, { one: '# demande ouverte', other: '# demandes ouvertes' }),
    onCall: 'd’astreinte',
  },
  start: {
    title: 'Premiers pas',
    palette: 'trouve toute action, demande, personne ou service.',
    keys: 'montre ce qui peut être pressé sur chaque page.',
    read: 'Regardez sans rien demander : les lectures ne changent rien et n’attendent aucune approbation.',
    environments: 'Voyez où tout tourne, et comment y accéder.',
    access: 'Créez un jeton pour un script, ou voyez où vous êtes connecté.',
    paletteKeys: 'Contrôle ou Commande avec K',
    questionMark: 'Le point d’interrogation',
  },
};
