export { outboxBacklog } from './backlog.ts';
export { Jobs } from './jobs.ts';
export type { Webhook } from './webhook.ts';
