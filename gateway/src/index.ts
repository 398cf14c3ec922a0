export { type App, type AppOptions, type Mount, type Mounted, startApp, VERSION } from './app.ts';
export { type Config, loadConfig, parseConfig } from './config.ts';
