export { type EndHeard, judgeReceipt, type SaidEnd } from './judge.ts';
export { trustedKids } from './key-store.ts';
export { acceptKey, type MetProvider, ProviderKeys } from './keys.ts';
export { Reconciler } from './reconcile.ts';
export {
  type GrantOutcome,
  insertReceipt,
  insertRunGrant,
  type JudgedReceipt,
  type NewRunGrant,
  receiptOfRun,
  writeOutcome,
} from './store.ts';
