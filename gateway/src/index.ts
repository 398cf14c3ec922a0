export { type App, type AppOptions, startApp } from './app.ts';
export { type Verified, verifyLog } from './audit/index.ts';
export { type Company, parseCompany } from './catalog/index.ts';
export { type Config, loadConfig, parseConfig } from './config.ts';
export { Database, keepEmbedded, migrate } from './db/index.ts';
export { DEFAULT_POLICIES, Policy, PolicySet, type Question, readPolicyFiles } from './policy/index.ts';
export type { Mount, MountContext, Mounted } from './provider-source.ts';
export { VERSION } from './version.ts';
