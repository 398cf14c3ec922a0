import type { Messages } from '../en/index.ts';
import { plural } from '../plural.ts';

const UNITS = {
  string: { one: '# caractère', other: '# caractères' },
  array: { one: '# élément', other: '# éléments' },
  object: { one: '# champ', other: '# champs' },
};

export const forms: Messages['forms'] = {
  notSet: 'Non renseigné',
  chooseOne: 'Choisir',
  kind: 'Type',
  nothing: 'Aucune valeur (null)',
  byDefault: (value) => `Par défaut : ${value}`,
  example: (value) => `Par exemple ${value}`,
  deprecated: 'obsolète',
  secret: 'secret',
  secretAbout: 'Scellé pendant le transport ; seul le fournisseur le lit.',
  show: 'Afficher pendant la saisie',
  hide: 'Masquer',
  set: (name) => `Renseigner ${name}`,
  takeOut: (name) => `Retirer ${name}`,
  add: 'Ajouter un élément',
  entry: (number) => `Élément ${number}`,
  remove: (number) => `Supprimer l’élément ${number}`,
  up: (number) => `Monter l’élément ${number}`,
  down: (number) => `Descendre l’élément ${number}`,
  moved: (from, to) => `L’élément ${from} est maintenant l’élément ${to}`,
  removed: (number) => `L’élément ${number} a été supprimé`,
  none: 'Aucun élément',
  name: 'Nom',
  value: 'Valeur',
  others: 'Autres champs',
  zone: (zone) => `Dans votre fuseau horaire, ${zone}`,
  comesTo: (value) => `= ${value}`,
  durationAbout: 'Par exemple 30m, 2h ou 1h30m',
  json: 'JSON',
  jsonAbout: 'N’importe quelle valeur JSON',
  asForm: 'Formulaire',
  asJson: 'JSON',
  view: 'Mode de saisie',
  wholeInput: 'Toutes les données',
  secretsStay: (marker) => `${marker} remplace un secret que vous avez saisi.`,
  noFields: 'Aucune donnée à fournir.',
  options: {
    open: 'Afficher les choix',
    loading: 'Recherche des choix…',
    none: 'Rien ne correspond ; vous pouvez le saisir quand même.',
    failed: (why) => `Pas de choix : ${why} Vous pouvez le saisir quand même.`,
    count: (count) => plural('fr', count, { one: '# choix', other: '# choix' }),
  },
  wrong: {
    required: 'Ce champ est obligatoire',
    unknownField: 'Ce champ n’existe pas pour cette action',
    duplicates: 'Le même élément y figure deux fois',
    shapes: 'La valeur n’a aucune des formes possibles',
    invalid: 'La valeur n’est pas valide',
    number: 'Il faut un nombre',
    whole: 'Il faut un nombre entier',
    json: 'Il faut du JSON',
    names: 'Chaque nom ne peut figurer qu’une fois, et aucun ne peut être vide',
    oneOf: (values) => `Valeurs possibles : ${listed(values)}`,
    constant: (value) => `La seule valeur possible est ${value}`,
    type: (types) => `Il faut ${listed(types.map((type) => NOUNS[type] ?? type))}`,
    format: (format) => `Il faut ${FORMATS[format] ?? `une valeur ${format} valide`}`,
    pattern: (pattern) => `La valeur doit correspondre à ${pattern}`,
    multipleOf: (of) => `Il faut un multiple de ${of}`,
    bound: ({ of, side, limit, inclusive }) => {
      if (of === 'number')
        return inclusive
          ? `Il faut au ${side === 'min' ? 'moins' : 'plus'} ${limit}`
          : `Il faut ${side === 'min' ? 'plus' : 'moins'} de ${limit}`;
      if (side === 'min' && limit === 1) return 'Ce champ ne peut pas être vide';
      return `Il faut au ${side === 'min' ? 'moins' : 'plus'} ${plural('fr', limit, UNITS[of])}`;
    },
  },
  summary: (count) => plural('fr', count, { one: '# champ est à revoir', other: '# champs sont à revoir' }),
};

const NOUNS: Readonly<Record<string, string>> = {
  string: 'un texte',
  number: 'un nombre',
  integer: 'un nombre entier',
  boolean: 'oui ou non',
  object: 'un objet',
  array: 'une liste',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'une date et une heure, comme 2026-11-20T09:30:00Z',
  date: 'une date, comme 2026-11-20',
  time: 'une heure, comme 09:30:00Z',
  duration: 'une durée, comme 15m ou PT15M',
  uuid: 'un UUID, comme 7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f',
  uri: 'une adresse, comme https://example.com',
  email: 'une adresse e-mail',
  ipv4: 'une adresse IPv4',
  ipv6: 'une adresse IPv6',
  hostname: 'un nom d’hôte',
};

const listed = (words: readonly string[]): string => new Intl.ListFormat('fr', { type: 'disjunction' }).format(words);
