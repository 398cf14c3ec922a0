import { plural } from '../plural.ts';

/** Words around what an action gives back. What it gives back is in the words of its provider. */
export const outputs = {
  rows: (shown: number, all: number): string =>
    shown === all
      ? plural('en', all, { one: '# row', other: '# rows' })
      : `${shown} of ${plural('en', all, { one: '# row', other: '# rows' })}`,
  filter: 'Filter rows',
  allColumns: 'All columns',
  nothing: 'Nothing to show',
  noneFits: (text: string): string => `No row has “${text}” in it`,
  export: 'Copy or download',
  copyAs: (format: string): string => `Copy as ${format}`,
  downloadAs: (format: string): string => `Download as ${format}`,
  copied: (what: string): string => `Copied: ${what}`,
  copyCommand: 'Copy the command',
  details: 'Row',
  confidential: 'Shown to whoever asked for it, and to nobody else.',
  notes: 'Notes',
  tree: 'Tree',
  wrap: 'Wrap lines',
  text: 'Text',
  treeCut: 'This tree is too large to be drawn: what is deepest is left out. The command line gives all of it.',
  beginning: (count: number): string => `The beginning of ${count} lines: copy or save it for all of it`,
  lines: (count: number): string => plural('en', count, { one: '# line', other: '# lines' }),
  download: 'Download',
  opensOutside: 'opens in a new tab',
  connect: 'To connect, run this on your machine, where the guichet command is signed in:',
  connectTo: 'Leads to',
  database: 'Database',
  protocol: 'Protocol',
  asTable: 'Show as a table',
  time: 'Time',
  chart: (name: string): string => `Chart: ${name}`,
  chartHint: 'Point at the chart, or focus it and use the arrow keys, to read values.',
  noPoints: 'No value yet',
  plan: {
    rows: (count: string): string => (count === '1' ? '1 row' : `${count} rows`),
    expected: (count: string): string => `expected ${count}`,
    cost: (cost: string): string => `cost ${cost}`,
    share: (percent: string): string => `${percent} of the whole`,
    times: (count: string): string => `${count} times`,
    never: 'never run',
    off: (factor: string): string => `${factor} times off the estimate`,
    blocks: (read: string, hit: string): string => `${read} blocks read, ${hit} in the cache`,
  },
  blocking: {
    behind: (count: number): string =>
      plural('en', count, { one: '# session waits behind it', other: '# sessions wait behind it' }),
    frees: (count: number): string =>
      plural('en', count, { one: 'ending it frees # session', other: 'ending it frees # sessions' }),
    root: 'Holds the others up',
    waitsFor: 'waits for',
    heldAs: (mode: string): string => `held as ${mode}`,
    deadlock: 'deadlock',
    transaction: (age: string): string => `transaction open ${age}`,
    waits: (age: string): string => `waits ${age}`,
    ended: 'ended meanwhile',
  },
};
