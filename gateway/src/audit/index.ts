export { AuditConfig } from './config.ts';
export { keepAuditParts } from './parts.ts';
export { type SealLoop, startSealing } from './seal-loop.ts';
export { openCursor, type SettledBatch, SettledReader } from './settled.ts';
export { type AuditFilter, type AuditPlace, appendAudit, listAudit, type NewAuditEvent } from './store.ts';
