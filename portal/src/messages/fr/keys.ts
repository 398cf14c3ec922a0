import type { Messages } from '../en/index.ts';

export const keys: Messages['keys'] = {
  title: 'Raccourcis clavier',
  about: 'Les touches utilisables en ce moment.',
  sheet: 'Afficher les raccourcis clavier',
  groups: { anywhere: 'Partout', go: 'Aller à', here: 'Sur cette page' },
  single: 'Raccourcis d’une seule touche',
  singleAbout:
    'Désactivez-les si vous dictez à votre ordinateur, ou pressez des touches par mégarde. Ceux avec Ctrl ou Commande restent.',
  spoken: (keys) => keys.replaceAll(' ', ', puis ').replaceAll('mod', 'Contrôle ou Commande'),
};
