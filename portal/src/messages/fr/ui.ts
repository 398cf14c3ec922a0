import type { Messages } from '../en/index.ts';

export const ui: Messages['ui'] = {
  loading: 'Chargement',
  actions: 'Actions',
  nextRow: 'Ligne suivante',
  previousRow: 'Ligne précédente',
  close: 'Fermer',
  copy: 'Copier',
  copied: 'Copié',
  notCopied: 'Rien n’est copié : le navigateur ne l’a pas permis à cette page',
  notCopiedAbout:
    'Sélectionnez le texte et copiez-le à la main, ou autorisez ce site à utiliser le presse-papiers dans les réglages du navigateur.',
  cancel: 'Annuler',
  tryAgain: 'Réessayer',
  required: 'obligatoire',
  optional: 'facultatif',
  tree: { unfoldAll: 'Tout déplier', foldAll: 'Tout replier' },
  more: 'Afficher plus',
  search: 'Rechercher',
  all: 'Tout',
  none: 'Aucun',
  labelled: (label, value) => `${label} : ${value}`,
  yes: 'Oui',
  no: 'Non',
  unreachable: {
    title: 'La passerelle est injoignable',
    text: 'Vérifiez votre réseau ou votre VPN. Votre saisie est conservée ; la page reprend dès que la passerelle répond.',
  },
  stale: (why) => `Ces données ne sont plus à jour : leur actualisation a échoué. ${why}`,
  editor: {
    problems: 'Problèmes dans le texte',
    line: (line) => `Ligne ${line}`,
    error: 'Erreur',
    warning: 'Avertissement',
  },
};
