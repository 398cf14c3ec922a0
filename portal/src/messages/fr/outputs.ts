import type { Messages } from '../en/index.ts';
import { plural } from '../plural.ts';

export const outputs: Messages['outputs'] = {
  rows: (shown, all) =>
    shown === all
      ? plural('fr', all, { one: '# ligne', other: '# lignes' })
      : `${shown} sur ${plural('fr', all, { one: '# ligne', other: '# lignes' })}`,
  filter: 'Filtrer les lignes',
  allColumns: 'Toutes les colonnes',
  nothing: 'Rien à afficher',
  noneFits: (text) => `Aucune ligne ne contient « ${text} »`,
  export: 'Copier ou télécharger',
  copyAs: (format) => `Copier en ${format}`,
  downloadAs: (format) => `Télécharger en ${format}`,
  copied: (what) => `Copié : ${what}`,
  copyCommand: 'Copier la commande',
  details: 'Ligne',
  confidential: 'Montré à la personne qui l’a demandé, et à elle seule.',
  notes: 'Remarques',
  tree: 'Arbre',
  wrap: 'Retour à la ligne',
  text: 'Texte',
  beginning: (count) => `Le début de ${count} lignes : copiez ou enregistrez pour avoir tout`,
  lines: (count) => plural('fr', count, { one: '# ligne', other: '# lignes' }),
  download: 'Télécharger',
  opensOutside: 's’ouvre dans un nouvel onglet',
  connect: 'Pour vous connecter, lancez ceci sur votre machine, là où la commande guichet est connectée :',
  connectTo: 'Mène à',
  database: 'Base',
  protocol: 'Protocole',
  asTable: 'Afficher en tableau',
  time: 'Heure',
  chart: (name) => `Graphique : ${name}`,
  chartHint: 'Pointez le graphique, ou donnez-lui le focus et utilisez les flèches, pour lire les valeurs.',
  noPoints: 'Aucune valeur pour l’instant',
  plan: {
    rows: (count) => (count === '0' || count === '1' ? `${count} ligne` : `${count} lignes`),
    expected: (count) => (count === '0' || count === '1' ? `${count} attendue` : `${count} attendues`),
    cost: (cost) => `coût ${cost}`,
    share: (percent) => `${percent} du total`,
    times: (count) => `${count} fois`,
    never: 'jamais exécuté',
    off: (factor) => `estimation fausse d’un facteur ${factor}`,
    blocks: (read, hit) => `${read} blocs lus, ${hit} en cache`,
  },
  blocking: {
    behind: (count) =>
      plural('fr', count, { one: '# session attend derrière elle', other: '# sessions attendent derrière elle' }),
    frees: (count) => plural('fr', count, { one: 'y mettre fin libère # session', other: 'y mettre fin libère # sessions' }),
    root: 'Bloque les autres',
    waitsFor: 'attend',
    heldAs: (mode) => `tenu en ${mode}`,
    deadlock: 'interblocage',
    transaction: (age) => `transaction ouverte depuis ${age}`,
    waits: (age) => `attend depuis ${age}`,
    ended: 'terminée entre-temps',
  },
};
