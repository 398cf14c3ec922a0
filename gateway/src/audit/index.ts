export { AuditConfig } from './config.ts';
export { sealLag } from './lag.ts';
export { type AuditFilter, listAudit } from './list.ts';
export { keepAuditParts } from './parts.ts';
export { type SealLoop, startSealing } from './seal-loop.ts';
export { SearchIndex } from './search-index.ts';
export { openCursor, type SettledBatch, SettledReader } from './settled.ts';
export { type AuditPlace, appendAudit, type NewAuditEvent } from './store.ts';
