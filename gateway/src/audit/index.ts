export { type AuditFilter, appendAudit, listAudit, type NewAuditEvent } from './store.ts';
