import type { Messages } from '../en/index.ts';
import { plural } from '../plural.ts';

export const requests: Messages['requests'] = {
  title: 'Demandes',
  states: {
    awaiting_approval: 'En attente d’approbation',
    queued: 'En file',
    running: 'En cours',
    succeeded: 'Réussie',
    failed: 'Échouée',
    cancelled: 'Annulée',
    rejected: 'Refusée',
    withdrawn: 'Retirée',
    expired: 'Expirée',
    void: 'Caduque',
    unknown: 'Inconnue',
  },
  risks: { safe: 'sans risque', reversible: 'réversible', destructive: 'destructif' },
  views: { toApprove: 'À approuver', mine: 'Les miennes', all: 'Toutes' },
  viewsLabel: 'Vues des demandes',
  empty: {
    toApprove: 'Rien ne vous attend',
    toApproveText: 'Quand quelqu’un demande ce que votre approbation débloque, cela apparaît ici.',
    all: 'Aucune demande ne correspond',
  },
  count: (count) => plural('fr', count, { one: '# demande', other: '# demandes' }),
};
