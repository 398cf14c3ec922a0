export { keepAuditParts } from './parts.ts';
export { type AuditFilter, type AuditPlace, appendAudit, listAudit, type NewAuditEvent } from './store.ts';
