export { outboxBacklog } from './backlog.ts';
export { Jobs } from './jobs.ts';
export { resolveSinks, type SinkSettings, SinksConfig, sinkLag, startSinks } from './sinks/index.ts';
export type { Webhook } from './webhook.ts';
