import type { Messages } from '../en/index.ts';

const par = (name: string | undefined): string => (name === undefined ? '' : ` par ${name}`);
const STATES: Readonly<Record<string, string>> = {
  awaiting_approval: 'en attente d’approbation',
  queued: 'en file',
  running: 'en cours',
  succeeded: 'réussie',
  failed: 'échouée',
  cancelled: 'annulée',
  rejected: 'refusée',
  withdrawn: 'retirée',
  expired: 'expirée',
  void: 'caduque',
  unknown: 'inconnue',
  not_started: 'jamais commencée',
  justified: 'justifié',
  not_justified: 'injustifié',
};
const as = (before: string, state: string | undefined): string =>
  state === undefined ? '' : `${before}${STATES[state] ?? state.replaceAll('_', ' ')}`;
const told = (count: number | undefined): string => {
  if (count === undefined || count === 0) return 'il n’y a personne pour l’examiner';
  return count === 1 ? 'un approbateur est prévenu' : `${count} approbateurs sont prévenus`;
};

export const requestEvents: Messages['requestEvents'] = {
  'request.submitted': ({ by }) => (by === undefined ? 'Déposée' : `${by} en a fait la demande`),
  'request.approved': ({ by }) => (by === undefined ? 'Approuvée' : `${by} a approuvé`),
  'request.rejected': ({ by }) => (by === undefined ? 'Refusée' : `${by} a refusé`),
  'request.withdrawn': ({ by }) => (by === undefined ? 'Retirée' : `${by} l’a retirée`),
  'request.expired': ({ was, other }) => {
    if (was !== 'queued') return 'Expirée : personne n’a décidé à temps';
    return other === undefined
      ? 'Expirée : elle n’a pas commencé à temps'
      : `Expirée : elle n’a pas commencé à temps, elle attendait ${other}, dont l’issue est inconnue`;
  },
  'request.queued': () => 'Mise en file',
  'request.started': ({ attempt = 1 }) => (attempt > 1 ? `Commencée, tentative ${attempt}` : 'Commencée'),
  'request.dispatched': () => 'Envoyée à son fournisseur',
  'request.cancel_requested': ({ by }) => (by === undefined ? 'Une annulation est demandée' : `${by} a demandé de l’annuler`),
  'request.voided': () => 'Caduque : rien n’a été fait',
  'request.succeeded': () => 'Réussie',
  'request.failed': () => 'Échouée',
  'request.cancelled': ({ by }) => `Annulée${par(by)}`,
  'request.lost': () => 'Personne ne sait comment l’exécution s’est terminée',
  'request.requeued': () => 'Remise en file',
  'request.settled': ({ state }) => `Son fournisseur dit ce qu’il en est advenu${as(' : ', state)}`,
  'request.approval_reused': ({ giver = 'quelqu’un', other }) =>
    `Une approbation de ${giver} compte à nouveau${other === undefined ? '' : `, donnée pour ${other}`}`,
  'request.glass_broken': ({ by = 'Quelqu’un', incident, told: count }) =>
    `${by} a brisé la glace${incident === undefined ? '' : ` pour ${incident}`} ; ${told(count)}`,
  'request.reviewed': ({ by = 'Quelqu’un', state }) => `${by} l’a examinée${as(' : ', state)}`,
  'request.review_reminded': ({ told: count }) => `Son examen reste à faire ; ${told(count)}`,
  'request.receipt_missing': () => 'Son fournisseur n’a donné aucun reçu',
  'request.receipt_refused': () => 'Le reçu de son fournisseur n’est pas valable',
  'request.undo_filed': ({ by, other = 'Une demande' }) => `${other} est déposée pour la défaire${par(by)}`,
  'request.undone': ({ other }) => `Défaite${par(other)}`,
  'request.undo_failed': ({ other = 'ce qui la défait', state }) => `Non défaite par ${other}${as(', qui est ', state)}`,
  'request.resolved': ({ by = 'Quelqu’un', state }) => `${by} l’a réglée${as(' : ', state)}`,
  'request.undo_scheduled': () => 'Elle sera défaite d’elle-même',
  'request.undo_delayed': () => 'Il faut plus de temps pour la défaire',
  'request.undo_held': () => 'Une personne doit la défaire',
  'request.extended': ({ other }) => `Prolongée${par(other)}`,
};
