export { type App, type AppOptions, type Mount, type Mounted, startApp } from './app.ts';
export { type Config, loadConfig, parseConfig } from './config.ts';
export { VERSION } from './version.ts';
