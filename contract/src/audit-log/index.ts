export {
  type ArchiveManifest,
  type ArchiveStatement,
  archiveBytes,
  inSequence,
  isArchiveProven,
  readArchiveStatement,
  readManifest,
} from './archive.ts';
export { HeadChain } from './chain.ts';
export { type AuditFinding, type AuditFindingKind, findingOf } from './findings.ts';
export {
  type AuditHead,
  type AuditKey,
  checkedKey,
  countOf,
  type DeclaredRestore,
  headHash,
  headLine,
  isSignedBy,
  kidOf,
  readHead,
  signedBytes,
} from './head.ts';
export { LeafPages } from './leaves.ts';
export { type Hash, leafHash, MerkleTree, nodeHash, rootOf, rootOfProof, splitOf } from './merkle.ts';
export { inOrder } from './order.ts';
export { compareWithPublished } from './published.ts';
export { unknownRestores } from './restores.ts';
export {
  type ArchivedEvents,
  archivedInWords,
  clockInWords,
  type EventLine,
  LogVerifier,
  readLine,
} from './verify.ts';
