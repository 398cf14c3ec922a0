export type { Guard } from '../guard.mjs';
export { processBirth } from '../process-birth.mjs';
export { type Account, canEnter, serverAccount } from './account.ts';
export { availableMajors, binariesOf, MAJORS, type Major } from './binaries.ts';
export { dataHome, makeFolder } from './data-home.ts';
export { guardKept, type KeptServer, type KeptServerOptions, keptServer, startKept, stopKept } from './kept-server.ts';
export { type Exit, LaunchFailure } from './postmaster.ts';
export { freePort, type PostgresServer, type StartOptions, startPostgres, type UrlOptions } from './start-postgres.ts';
